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

/** A program's side of preview 1: its memory, and the functions as it would import them. */
export interface Program {
  readonly memory: WebAssembly.Memory;
  readonly imports: Readonly<Record<string, unknown>>;
  readonly calls: HostCalls;
  readonly meter: Meter;
  readonly ended: () => GuestEnd | undefined;
  readonly whenEnded: Promise<GuestEnd>;
  /** Calls a function that does not wait. */
  call(name: string, ...core: readonly (number | bigint)[]): number;
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

export function createProgram({ imports, limits, ...options }: ProgramOptions): Program {
  const own = new WebAssembly.Memory({ initial: 16 });
  const memory = options.memory ?? (() => own);
  const meter = createMeter();
  const ending = createRunEnding(() => undefined);
  const values = createGuestValues(new Map(), () => {
    throw new Error('forged');
  });
  const calls = createHostCalls({
    limits: { ...LIMITS, hostCalls: 10_000_000, ...limits },
    meter,
    ending,
    values,
    sampleMemory: () => undefined,
    classify: (error) => classifyError(error, { pages: 1, budgetPages: 1000 }),
  });
  const wanted = new Set(options.wanted ?? PREVIEW1_NEEDS.keys());
  const made = createPreview1({ imports, calls, memory, wanted });
  let next = 1024;

  const view = (): DataView => new DataView(memory().buffer);
  const take = (size: number): number => {
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
      const answer: unknown = Reflect.apply(made.imports[name] as () => unknown, undefined, core);
      if (typeof answer !== 'number') throw new Error(`${name} gave no number`);
      return answer;
    },
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
