import { HostError } from '../contracts/errors.ts';
import type { ByteReader } from './byte-reader.ts';

/*
 * Every instruction of core WebAssembly that the engine takes by default, but for garbage-collected types (0xfb), and
 * how long its immediates are. An instruction that is not here is refused: a wrong length would hide all that follows.
 */

/** What stands behind an opcode. */
type Immediates =
  | 'none'
  | 'block'
  | 'index'
  | 'two-indices'
  | 'labels'
  | 'types'
  | 'catches'
  | 'memory'
  | 'memory-lane'
  | 'lane'
  | 'number'
  | 'four-bytes'
  | 'eight-bytes'
  | 'sixteen-bytes'
  | 'heap-type';

/** Opcodes whose meaning matters to whoever counts instructions. */
export const OPCODE = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  tryTable: 0x1f,
  globalGet: 0x23,
  globalSet: 0x24,
  brOnNull: 0xd5,
  brOnNonNull: 0xd6,
  bulk: 0xfc,
  vector: 0xfd,
  atomic: 0xfe,
} as const;

/** The operations behind 0xfc whose last operand is a length. */
export const BULK_LENGTHS: ReadonlySet<number> = new Set([8, 10, 11, 12, 14, 15, 17]);

const range = (first: number, last: number, kind: Immediates): [number, Immediates][] =>
  Array.from({ length: last - first + 1 }, (_, index) => [first + index, kind]);

const PLAIN: ReadonlyMap<number, Immediates> = new Map([
  ...range(0x00, 0x01, 'none'),
  ...range(0x02, 0x04, 'block'),
  [0x05, 'none'],
  [0x06, 'block'],
  ...range(0x07, 0x09, 'index'),
  ...range(0x0a, 0x0b, 'none'),
  ...range(0x0c, 0x0d, 'index'),
  [0x0e, 'labels'],
  [0x0f, 'none'],
  [0x10, 'index'],
  [0x11, 'two-indices'],
  [0x12, 'index'],
  [0x13, 'two-indices'],
  ...range(0x14, 0x15, 'index'),
  [0x18, 'index'],
  ...range(0x19, 0x1b, 'none'),
  [0x1c, 'types'],
  [0x1f, 'catches'],
  ...range(0x20, 0x26, 'index'),
  ...range(0x28, 0x3e, 'memory'),
  ...range(0x3f, 0x40, 'index'),
  ...range(0x41, 0x42, 'number'),
  [0x43, 'four-bytes'],
  [0x44, 'eight-bytes'],
  ...range(0x45, 0xc4, 'none'),
  [0xd0, 'heap-type'],
  [0xd1, 'none'],
  [0xd2, 'index'],
  ...range(0xd3, 0xd4, 'none'),
  ...range(0xd5, 0xd6, 'index'),
]);

const PREFIXED: ReadonlyMap<number, ReadonlyMap<number, Immediates>> = new Map([
  [
    OPCODE.bulk,
    new Map([
      ...range(0, 7, 'none'),
      [8, 'two-indices'],
      [9, 'index'],
      [10, 'two-indices'],
      [11, 'index'],
      [12, 'two-indices'],
      [13, 'index'],
      [14, 'two-indices'],
      ...range(15, 17, 'index'),
    ]),
  ],
  [
    OPCODE.vector,
    new Map([
      ...range(0, 11, 'memory'),
      ...range(12, 13, 'sixteen-bytes'),
      ...range(14, 20, 'none'),
      ...range(21, 34, 'lane'),
      ...range(35, 83, 'none'),
      ...range(84, 91, 'memory-lane'),
      ...range(92, 93, 'memory'),
      ...range(94, 255, 'none'),
      ...range(256, 275, 'none'), // relaxed
    ]),
  ],
  [OPCODE.atomic, new Map([...range(0x00, 0x02, 'memory'), [0x03, 'lane'], ...range(0x10, 0x4e, 'memory')])],
]);

/** An instruction: the opcode, and what it branches to or names where that is one index. */
export interface Instruction {
  readonly opcode: number;
  /** Behind a prefix byte: the number of the operation. */
  readonly operation: number;
  /** The first index of its immediates; 0 where it has none. */
  readonly index: number;
  /** Where the immediates begin. */
  readonly immediates: number;
  /** Labels of a branch table or of catch clauses. */
  readonly labels: readonly number[];
}

const NO_LABELS: readonly number[] = [];

/** Reads one instruction with its immediates. */
export function readInstruction(code: ByteReader): Instruction {
  const opcode = code.byte();
  const prefixed = PREFIXED.get(opcode);
  const operation = prefixed === undefined ? 0 : code.u32();
  const kind = prefixed === undefined ? PLAIN.get(opcode) : prefixed.get(operation);
  if (kind === undefined) throw unknown(opcode, prefixed === undefined ? undefined : operation);
  const immediates = code.position();
  let index = 0;
  let labels = NO_LABELS;
  switch (kind) {
    case 'none':
      break;
    case 'block':
      skipBlockType(code);
      break;
    case 'index':
      index = code.u32();
      break;
    case 'two-indices':
      index = code.u32();
      code.u32();
      break;
    case 'labels':
      labels = Array.from({ length: listLength(code) + 1 }, () => code.u32());
      break;
    case 'types':
      for (let count = listLength(code); count > 0; count--) skipValueType(code);
      break;
    case 'catches':
      skipBlockType(code);
      labels = Array.from({ length: listLength(code) }, () => readCatch(code));
      break;
    case 'memory':
      skipMemoryArgument(code);
      break;
    case 'memory-lane':
      skipMemoryArgument(code);
      code.byte();
      break;
    case 'lane':
      code.byte();
      break;
    case 'number':
    case 'heap-type':
      skipNumber(code);
      break;
    case 'four-bytes':
      code.take(4);
      break;
    case 'eight-bytes':
      code.take(8);
      break;
    case 'sixteen-bytes':
      code.take(16);
      break;
  }
  return { opcode, operation, index, immediates, labels };
}

/** A value type: one byte, or a reference with its heap type. */
export function skipValueType(code: ByteReader): void {
  const byte = code.byte();
  if (byte === 0x63 || byte === 0x64) skipNumber(code);
}

/** Reads how long a list is; every entry takes a byte at least. */
export function listLength(code: ByteReader): number {
  const length = code.u32();
  if (length > code.left()) throw new RangeError('a list is longer than its section');
  return length;
}

function skipBlockType(code: ByteReader): void {
  const first = code.peek();
  if (first === 0x63 || first === 0x64) skipValueType(code);
  else skipNumber(code); // nothing, a value type, or an index: each is a signed number
}

/** A clause of `try_table`; returns its label. */
function readCatch(code: ByteReader): number {
  const kind = code.byte();
  if (kind < 2) code.u32();
  return code.u32();
}

function skipMemoryArgument(code: ByteReader): void {
  const flags = code.u32();
  if ((flags & 0x40) !== 0) code.u32(); // the index of a memory
  skipNumber(code);
}

/** A number of up to 64 bits, signed or not. */
function skipNumber(code: ByteReader): void {
  for (let length = 1; code.byte() >= 0x80; length++) {
    if (length === 10) throw new RangeError('a number does not fit 64 bits');
  }
}

function unknown(opcode: number, operation: number | undefined): HostError {
  const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;
  const name = operation === undefined ? hex(opcode) : `${hex(opcode)} ${hex(operation)}`;
  return new HostError(
    'ERR_COMPONENT_REFUSED',
    `a core module has the instruction \`${name}\`, which cannot be counted`,
    {
      hints: ['leave out the limit `fuel`, or build the component without that feature of WebAssembly'],
    },
  );
}
