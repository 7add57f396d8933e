import type { HostImports } from '../../../host/contracts/guest-import.ts';
import type { RunLimits } from '../../../host/contracts/limits.ts';
import type { GuestEnd } from '../../../host/contracts/run-end.ts';
import { createGuestValues } from '../../../host/sandbox/guest-values.ts';
import { classifyError } from '../../../host/sandbox/guest-error.ts';
import { createHostCalls, type HostCalls } from '../../../host/sandbox/host-call.ts';
import { createMeter, type Meter } from '../../../host/sandbox/meter.ts';
import { createPreview1 } from '../../../host/sandbox/preview1/index.ts';
import { PREVIEW1_NEEDS } from '../../../host/sandbox/preview1/needs.ts';
import { createRunEnding } from '../../../host/sandbox/run-ending.ts';
import { LIMITS } from '../support/cell.ts';

/** Below it lies what a test places itself. */
const FIRST = 1024;

/** A program's side of preview 1: its memory, and the functions as it would import them. */
export interface Program {
  readonly memory: WebAssembly.Memory;
  readonly imports: Readonly<Record<string, unknown>>;
  readonly calls: HostCalls;
  readonly meter: Meter;
  readonly ended: () => GuestEnd | undefined;
  readonly whenEnded: Promise<GuestEnd>;
  /** Calls a function, which has to answer at once. */
  call(name: string, ...core: readonly (number | bigint)[]): number;
  /** Calls one of those that may wait, as WebAssembly does. */
  later(name: string, ...core: readonly number[]): Promise<number>;
  /** Puts bytes or text into memory, one behind the other; returns where. */
  put(bytes: Uint8Array | string): number;
  /** Room in memory, filled with `0xAA`. */
  room(size: number): number;
  /** One vector to a place. */
  vectors(...parts: readonly (readonly [at: number, length: number])[]): number;
  u32(at: number): number;
  u64(at: number): bigint;
  bytes(at: number, length: number): Buffer;
}

export interface ProgramOptions {
  readonly imports: HostImports;
  readonly wanted?: Iterable<string>;
  readonly limits?: Partial<RunLimits>;
  /** Of a module; by default the program gets one of its own. */
  readonly memory?: () => WebAssembly.Memory;
}

/**
 * `(module (import "m" "f" (func (param i32 i32 i32 i32) (result i32))) (func (export "g") …))`, which calls `f`: only on a
 * stack of WebAssembly can a call wait.
 */
const FORWARDER = new WebAssembly.Module(
  Uint8Array.from(
    Buffer.from(
      '0061736d0100000001090160047f7f7f7f017f020701016d0166000003020100070501016700010a0e010c00200020012002200310000b',
      'hex',
    ),
  ),
);

type Later = (...core: readonly number[]) => Promise<number>;

function forwarder(own: unknown): Later {
  const { exports } = new WebAssembly.Instance(FORWARDER, { m: { f: own } });
  const wasm = WebAssembly as unknown as { readonly promising: (own: unknown) => Later }; // the type library lacks it
  return wasm.promising(exports['g']);
}

/** Makes imports, and keeps the function behind each that may wait: outside of WebAssembly nothing else can be called. */
function withAnswering<Made>(make: () => Made) {
  const answering = new Map<unknown, () => unknown>();
  const { Suspending } = WebAssembly;
  class Kept extends Suspending {
    constructor(own: ConstructorParameters<typeof Suspending>[0]) {
      super(own);
      answering.set(this, own);
    }
  }
  WebAssembly.Suspending = Kept;
  try {
    return { made: make(), answering };
  } finally {
    WebAssembly.Suspending = Suspending;
  }
}

export function createProgram({ imports, limits, ...options }: ProgramOptions): Program {
  const own = new WebAssembly.Memory({ initial: 16 });
  const memory = options.memory ?? (() => own);
  const meter = createMeter();
  const ending = createRunEnding(() => undefined);
  const values = createGuestValues({
    guardOf: new Map(),
    onForged: () => {
      throw new Error('forged');
    },
    onHandles: () => undefined,
    counts: () => true,
  });
  const calls = createHostCalls({
    limits: { ...LIMITS, hostCalls: 10_000_000, ...limits },
    meter,
    ending,
    values,
    sampleMemory: () => undefined,
    isEarly: () => false,
    classify: (error) => classifyError(error, { pages: 1, budgetPages: 1000 }),
  });
  const wanted = new Set(options.wanted ?? PREVIEW1_NEEDS.keys());
  const { made, answering } = withAnswering(() => createPreview1({ imports, calls, memory, wanted }));
  let next = FIRST;

  const view = (): DataView => new DataView(memory().buffer);
  const take = (size: number): number => {
    if (next + size > memory().buffer.byteLength) next = FIRST; // what a test wrote long ago, it does not need any more
    const at = next;
    next = Math.ceil((next + size) / 8) * 8;
    return at;
  };

  return {
    get memory() {
      return memory();
    },
    imports: made.imports,
    calls,
    meter,
    ended: ending.ended,
    whenEnded: ending.whenEnded,
    call(name, ...core) {
      const own = made.imports[name];
      const answer: unknown = Reflect.apply(answering.get(own) ?? (own as () => unknown), undefined, core);
      if (typeof answer !== 'number') throw new Error(`${name} gave no number`);
      return answer;
    },
    later: async (name, ...core) => forwarder(made.imports[name])(...core),
    put(given) {
      const bytes = Buffer.from(given);
      const at = take(bytes.length);
      new Uint8Array(memory().buffer).set(bytes, at);
      return at;
    },
    room(size) {
      const at = take(size);
      new Uint8Array(memory().buffer).fill(0xaa, at, at + size);
      return at;
    },
    vectors(...parts) {
      const at = take(parts.length * 8);
      for (const [index, [start, length]] of parts.entries()) {
        view().setUint32(at + index * 8, start, true);
        view().setUint32(at + index * 8 + 4, length, true);
      }
      return at;
    },
    u32: (at) => view().getUint32(at, true),
    u64: (at) => view().getBigUint64(at, true),
    bytes: (at, length) => Buffer.from(new Uint8Array(memory().buffer).slice(at, at + length)),
  };
}
