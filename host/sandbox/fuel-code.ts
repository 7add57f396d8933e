import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { encodeI64, encodeU32 } from './wasm-binary.ts';
import { BULK_LENGTHS, listLength, OPCODE, readInstruction, skipValueType, type Instruction } from './wasm-opcodes.ts';

/** What the code of a module must know of it. */
export interface FuelContext {
  readonly bytes: Uint8Array;
  /** The index of the counter: behind all imported globals. Behind it is `pause`; those of the module move up by two. */
  readonly counter: number;
  /** The index of the type of `pause`: behind all types of the module. */
  readonly pauseType: number;
}

/** How far the globals of a module move. */
export const ADDED_GLOBALS = 2;

/** Bytes that a bulk operation handles for the price of one instruction, as a power of two. */
const BULK_SHIFT = 6;

const I64_CONST = 0x42;
const I64_SUB = 0x7d;

/** Subtracts a known amount from the counter. */
const charge = (counter: readonly number[], amount: number): number[] => [
  ...[OPCODE.globalGet, ...counter],
  ...[I64_CONST, ...encodeI64(amount)],
  ...[I64_SUB, OPCODE.globalSet, ...counter],
];

/**
 * Asks the host where the counter is below zero: it fills it up, or ends the guest. A trap, because no code of the guest
 * can catch one.
 */
const checkOf = ({ counter, pauseType }: FuelContext): number[] => [
  ...[OPCODE.globalGet, ...encodeU32(counter)],
  ...[I64_CONST, 0, 0x53, OPCODE.if, 0x40], // i64.lt_s
  ...[OPCODE.globalGet, ...encodeU32(counter + 1), 0x14, ...encodeU32(pauseType), 0x45], // call_ref, i32.eqz
  ...[OPCODE.if, 0x40, OPCODE.unreachable, OPCODE.end, OPCODE.end],
];

/** Subtracts a part of the length on the stack, and leaves it there. */
const chargeLength = (counter: readonly number[], local: readonly number[]): number[] => [
  ...[0x22, ...local], // local.tee
  ...[OPCODE.globalGet, ...counter],
  ...[0x20, ...local, 0xad], // local.get, i64.extend_i32_u
  ...[I64_CONST, BULK_SHIFT, 0x88], // i64.shr_u
  ...[I64_SUB, OPCODE.globalSet, ...counter],
];

/** Copies an expression up to its `end`, with the indices of globals moved. */
export function copyExpression(code: ByteReader, out: ByteWriter, context: FuelContext): void {
  let from = code.position();
  for (let depth = 1; depth > 0;) {
    const instruction = readInstruction(code);
    from = moveGlobal(instruction, code, out, { ...context, from });
    if (instruction.opcode === OPCODE.end) depth--;
  }
  out.bytes(context.bytes.subarray(from, code.position()));
}

/** Writes what stands before an index of a global, and the index. Returns from where the rest is still to be written. */
function moveGlobal(
  { opcode, index, immediates }: Instruction,
  code: ByteReader,
  out: ByteWriter,
  { bytes, counter, from }: FuelContext & { readonly from: number },
): number {
  if ((opcode !== OPCODE.globalGet && opcode !== OPCODE.globalSet) || index < counter) return from;
  out.bytes(bytes.subarray(from, immediates));
  out.bytes(encodeU32(index + ADDED_GLOBALS));
  return code.position();
}

/** What an instruction does to the basic blocks around it; all others are in the middle of one. */
type Effect = 'opens' | 'begins' | 'repeats' | 'ends' | 'branches' | 'leaves';
const EFFECTS: ReadonlyMap<number, Effect> = new Map<number, Effect>([
  [OPCODE.block, 'opens'],
  ...[OPCODE.if, OPCODE.try, OPCODE.tryTable].map((opcode): [number, Effect] => [opcode, 'begins']),
  [OPCODE.loop, 'repeats'],
  ...[OPCODE.end, OPCODE.delegate].map((opcode): [number, Effect] => [opcode, 'ends']),
  ...[OPCODE.br, OPCODE.brIf, OPCODE.brOnNull, OPCODE.brOnNonNull].map((opcode): [number, Effect] => [
    opcode,
    'branches',
  ]),
  ...[OPCODE.else, OPCODE.catch, OPCODE.catchAll, OPCODE.brTable, OPCODE.unreachable].map(
    (opcode): [number, Effect] => [opcode, 'leaves'],
  ),
  ...[OPCODE.return, OPCODE.returnCall, OPCODE.returnCallIndirect, OPCODE.returnCallRef].map(
    (opcode): [number, Effect] => [opcode, 'leaves'],
  ),
  ...[OPCODE.throw, OPCODE.rethrow, OPCODE.throwRef].map((opcode): [number, Effect] => [opcode, 'leaves']),
]);

/** A structure to whose label branches can go. */
interface Label {
  /** Whether anything but the end of its code leads behind it. */
  joined: boolean;
  readonly isLoop: boolean;
}

/**
 * Copies the body of a function and charges each of its basic blocks when it begins, by the number of its instructions.
 * The counter is compared with zero where something can go on for ever: at the start of a function, and in each round of
 * a loop.
 */
export function copyBody(body: ByteReader, out: ByteWriter, context: FuelContext, parameters: number): void {
  const { bytes } = context;
  const counter = encodeU32(context.counter);
  const locals = readLocals(body);
  const spare = encodeU32(parameters + locals.count);
  const blocks = createBlocks(counter, checkOf(context));
  const labels: Label[] = [{ joined: false, isLoop: false }];
  let usesSpare = false;
  let from = body.position();
  const flush = (to: number): void => {
    blocks.add(bytes.subarray(from, to));
    from = to;
  };
  const cut = (isHead: boolean): void => {
    flush(body.position());
    blocks.cut(isHead);
  };
  const branch = (label: number): void => {
    const target = labels[labels.length - 1 - label];
    if (target === undefined) throw new RangeError('a branch goes nowhere');
    if (!target.isLoop) target.joined = true;
  };

  while (labels.length > 0) {
    const at = body.position();
    const instruction = readInstruction(body);
    const { opcode, operation, index, immediates } = instruction;
    blocks.count();
    if ((opcode === OPCODE.globalGet || opcode === OPCODE.globalSet) && index >= context.counter) {
      flush(immediates);
      blocks.add(encodeU32(index + ADDED_GLOBALS));
      from = body.position();
    } else if (opcode === OPCODE.bulk && BULK_LENGTHS.has(operation)) {
      flush(at);
      blocks.add(chargeLength(counter, spare));
      usesSpare = true;
    }
    for (const label of instruction.labels) branch(label);
    switch (EFFECTS.get(opcode)) {
      case 'opens':
        labels.push({ joined: false, isLoop: false });
        break;
      case 'begins':
        labels.push({ joined: true, isLoop: false });
        cut(false);
        break;
      case 'repeats':
        labels.push({ joined: false, isLoop: true });
        cut(true);
        break;
      case 'ends':
        if (labels.pop()?.joined === true) cut(false);
        break;
      case 'branches':
        branch(index);
        cut(false);
        break;
      case 'leaves':
        cut(false);
        break;
      case undefined:
    }
  }
  if (!body.atEnd()) throw new RangeError('a function ends before its code');
  cut(false);
  out.bytes(encodeU32(locals.groups + (usesSpare ? 1 : 0)));
  out.bytes(bytes.subarray(locals.start, locals.end));
  if (usesSpare) out.bytes([1, 0x7f]); // one more: an i32
  for (const part of blocks.finished) out.bytes(part);
}

type Part = Uint8Array | readonly number[];

/** Collects the code of basic blocks, each behind its charge. */
function createBlocks(
  counter: readonly number[],
  check: readonly number[],
): {
  readonly finished: readonly Part[];
  add(part: Part): void;
  count(): void;
  /** Ends the block; the next one is the head of a loop, or not. */
  cut(isHead: boolean): void;
} {
  const finished: Part[] = [];
  let parts: Part[] = [];
  let cost = 1; // the call itself
  let checks = true;
  return {
    finished,
    add: (part) => void parts.push(part),
    count(): void {
      cost++;
    },
    cut(isHead): void {
      if (cost > 0) finished.push(charge(counter, cost));
      if (checks) finished.push(check);
      finished.push(...parts);
      parts = [];
      cost = isHead ? 1 : 0;
      checks = isHead;
    },
  };
}

/** The declarations of locals: how many groups and locals there are, and where they stand. */
function readLocals(body: ByteReader): { groups: number; count: number; start: number; end: number } {
  const groups = listLength(body);
  const start = body.position();
  let count = 0;
  for (let group = 0; group < groups; group++) {
    count += body.u32();
    skipValueType(body);
  }
  return { groups, count, start, end: body.position() };
}
