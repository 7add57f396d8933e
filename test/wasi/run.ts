import type { Denial } from '../../host/contracts/denial.ts';
import type { HostImports } from '../../host/contracts/guest-import.ts';
import type { GuestEnd } from '../../host/contracts/run-end.ts';
import { RunStop } from '../../host/contracts/run-stop.ts';
import type { Surroundings } from '../../host/wasi/cli.ts';
import { createWasi, type WasiOptions } from '../../host/wasi/virtual-wasi.ts';

/** One run's WASI with a clock that only sleeping moves, and everything that came out of it. */
export interface WasiRun {
  readonly imports: HostImports;
  /** Every end that the guest was given, in order. */
  readonly ends: GuestEnd[];
  readonly denied: { readonly action: string; readonly resource: string }[];
  readonly slept: number[];
  text(stream: 'stdout' | 'stderr'): string;
}

export const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function createWasiRun({
  stdin = new Uint8Array(),
  arguments: given = ['agent', 'one'],
  environment = [['LANG', 'C']],
  ...overrides
}: Partial<WasiOptions & Surroundings> = {}): WasiRun {
  const ends: GuestEnd[] = [];
  const stop = (end: GuestEnd): never => {
    ends.push(end);
    throw new RunStop(end);
  };
  const denied: { action: string; resource: string }[] = [];
  const slept: number[] = [];
  const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  let elapsedMs = 0;
  let filled = 0;
  const imports = createWasi({
    clock: { nowMs: () => START_MS + elapsedMs, monotonicUs: () => 5_000_000 + elapsedMs * 1000 },
    random: { bytes: (length) => new Uint8Array(length).fill(++filled) },
    surroundings: () => ({ arguments: given, environment, stdin }),
    output: (stream, bytes) => written[stream].push(bytes.slice()),
    outputBytes: 1000,
    randomBytes: 1 << 20,
    pollables: 1024,
    sleep: (ms) => {
      slept.push(ms);
      elapsedMs += ms;
      return Promise.resolve();
    },
    deny(action, resource): Denial {
      denied.push({ action, resource });
      return { decision: `d-${denied.length}`, reason: 'not-served', hint: '', retryAfterMs: undefined };
    },
    exit: (code) => stop({ kind: 'exit', code }),
    trap: (message) => stop({ kind: 'trap', message }),
    ...overrides,
  });
  return {
    imports,
    ends,
    denied,
    slept,
    text: (stream) => Buffer.concat(written[stream]).toString(),
  };
}

/** One interface object of a run. */
export function members(run: WasiRun, name: string): object {
  const found = run.imports.get(name);
  if (found === undefined) throw new Error(`no interface ${name}`);
  return found;
}

/** Calls a member by name with whatever was lifted, as the glue does. */
export function call(target: unknown, name: string | symbol, ...values: readonly unknown[]): unknown {
  const member: unknown = Reflect.get(target as object, name);
  return Reflect.apply(member as () => unknown, target, values);
}

/** A resource class of a run. */
export function classOf(run: WasiRun, name: string, type: string): { readonly prototype: unknown } {
  return Reflect.get(members(run, name), type) as { readonly prototype: unknown };
}

/** What a call threw. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
