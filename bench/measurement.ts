import { cpus, totalmem } from 'node:os';
import process from 'node:process';

/** The middle and the tail of a set of samples, microseconds. */
export interface Figures {
  readonly p50_us: number;
  readonly p99_us: number;
}

/** One row of a result: its parameters by name, and the figures. */
export type Row = Figures & Readonly<Record<string, string | number | Figures>>;

/** What every benchmark prints with `--json`. */
export interface Result {
  readonly name: string;
  readonly machine: ReturnType<typeof describeMachine>;
  readonly rows: readonly Row[];
}

/** The machine, as far as figures depend on it. */
export function describeMachine() {
  const [cpu] = cpus();
  return {
    cpus: cpus().length,
    model: cpu?.model ?? 'unknown',
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/** How often to measure: `--count N` where a few samples will do, to see that a benchmark works. */
export function countOr(usual: number): number {
  const at = process.argv.indexOf('--count');
  if (at < 0) return usual;
  const count = Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error('`--count` takes a number from 1');
  return Math.min(count, usual);
}

/** Two digits after the point. */
export const round = (value: number): number => Math.round(value * 100) / 100;

/** p50 and p99 of samples in microseconds. */
export function figuresOf(samples: Iterable<number>): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50_us: round(at(0.5)), p99_us: round(at(0.99)) };
}

/** Times each call of `once`, after a warm-up that is not counted. */
export async function sample(count: number, warmUp: number, once: (turn: number) => unknown): Promise<Figures> {
  const samples: number[] = [];
  for (let turn = -warmUp; turn < count; turn += 1) {
    const started = process.hrtime.bigint();
    const pending = once(turn);
    if (pending instanceof Promise) await pending;
    if (turn >= 0) samples.push(Number(process.hrtime.bigint() - started) / 1000);
  }
  return figuresOf(samples);
}

/** Prints a result as a table, or as one JSON object with `--json`. */
export function printResult(name: string, rows: readonly Row[], note: string): void {
  const machine = describeMachine();
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ name, machine, rows } satisfies Result)}\n`);
    return;
  }
  console.log(`${name}: node ${machine.node}, ${machine.cpus} x ${machine.model}`);
  console.log(note);
  console.table(
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== 'object'))),
  );
}
