import { performance } from 'node:perf_hooks';
import {
  EXIT,
  EXIT_OF_STATUS,
  HostError,
  RUN_STATUSES,
  type ExitCode,
  type RunResult,
  type RunStatus,
} from '../../host/index.ts';
import { statusOf } from './output/failed-result.ts';

/** What `run --count N --json` prints. */
export interface LoadResult {
  readonly count: number;
  readonly parallel: number;
  /** How many runs were started and came to an end. */
  readonly ended: number;
  /** Whether somebody ended the test before all runs were started. */
  readonly interrupted: boolean;
  readonly statuses: Readonly<Record<RunStatus, number>>;
  /** How many runs did not end well, by the code of their error; a limit is `limit:NAME`. */
  readonly errors: Readonly<Record<string, number>>;
  readonly decisions: RunResult['decisions'];
  /** Of the runs, one by one; `null` where there was none. */
  readonly wallMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  /** From the first start to the last end. */
  readonly seconds: number;
  readonly runsPerSecond: number;
  /** Cells that were open before the first run. */
  readonly warmCells: number;
}

export interface LoadTest {
  readonly count: number;
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Opens cells ahead of the runs. Resolves to how many there are. */
  readonly warm: (cells: number) => Promise<number>;
  readonly run: () => Promise<RunResult>;
  /** Told each time that a run has ended. */
  readonly progress: (ended: number, failed: number) => void;
}

/** A host keeps no more cells open. */
const MOST_WARM = 256;

/** Runs the same thing many times. A run that could not even be recorded is the last one that is started. */
export async function runLoadTest(test: LoadTest): Promise<LoadResult> {
  const { count, parallel, signal } = test;
  const warmCells = await test.warm(Math.min(parallel, MOST_WARM));
  const results: RunResult[] = [];
  const errors = new Map<string, number>();
  const statuses = new Map<RunStatus, number>(RUN_STATUSES.map((status) => [status, 0]));
  let started = 0;
  let broken = false;

  function note(status: RunStatus, code: string | undefined): void {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (code !== undefined) errors.set(code, (errors.get(code) ?? 0) + 1);
    const ended = sum(statuses.values());
    test.progress(ended, ended - (statuses.get('ok') ?? 0));
  }

  async function runOne(): Promise<void> {
    try {
      const result = await test.run();
      results.push(result);
      note(result.status, result.error && codeOf(result.error));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      broken = true;
      note(statusOf(error), error.code);
    }
  }

  async function lane(): Promise<void> {
    while (started < count && !signal.aborted && !broken) {
      started += 1;
      await runOne();
    }
  }

  const start = performance.now();
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, lane));
  const seconds = (performance.now() - start) / 1000;
  const ended = sum(statuses.values());
  return {
    ...{ count, parallel, ended, interrupted: signal.aborted && started < count },
    statuses: Object.fromEntries(statuses) as LoadResult['statuses'], // one for each status: they were put there first
    errors: Object.fromEntries([...errors].sort(([one], [other]) => (one < other ? -1 : 1))),
    decisions: {
      allow: sum(results.map(({ decisions }) => decisions.allow)),
      deny: sum(results.map(({ decisions }) => decisions.deny)),
      pending: sum(results.map(({ decisions }) => decisions.pending)),
    },
    wallMs: quantiles(results.map(({ usage }) => usage.wallMs)),
    seconds,
    runsPerSecond: seconds > 0 ? ended / seconds : 0,
    warmCells,
  };
}

const codeOf = ({ code, limit }: NonNullable<RunResult['error']>): string =>
  limit === undefined ? code : `${code}:${limit}`;

/** From bad to worse: a fault of the host is worse than anything that an agent does. */
const SEVERITY: readonly ExitCode[] = [
  EXIT.ok,
  EXIT.agentError,
  EXIT.denied,
  EXIT.limit,
  EXIT.usage,
  EXIT.invalid,
  EXIT.hostFault,
];

/** The exit code of the worst run; a test that was interrupted did not go well. */
export function worstExit({ statuses, interrupted }: LoadResult): ExitCode {
  const exits = RUN_STATUSES.filter((status) => statuses[status] > 0).map((status) => EXIT_OF_STATUS[status]);
  const all: readonly ExitCode[] = interrupted ? [...exits, EXIT.agentError] : exits;
  return all.reduce<ExitCode>(
    (worst, exit) => (SEVERITY.indexOf(exit) > SEVERITY.indexOf(worst) ? exit : worst),
    EXIT.ok,
  );
}

/** The least value that at least such a part of all values does not exceed. */
function quantiles(values: readonly number[]): LoadResult['wallMs'] {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((one, other) => one + other, 0);

/** The same for a person. */
export function loadSummary(result: LoadResult): readonly string[] {
  const { count, ended, interrupted, statuses, errors, decisions, wallMs, seconds, runsPerSecond } = result;
  const failed = RUN_STATUSES.filter((status) => status !== 'ok' && statuses[status] > 0);
  const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  return [
    `${ended} of ${count} runs${interrupted ? ' (interrupted)' : ''}: ${[`${statuses.ok} ok`, ...failed.map((status) => `${statuses[status]} ${status}`)].join(', ')}`,
    ...Object.entries(errors).map(([code, times]) => `  ${code}: ${times}`),
    `decisions: ${decisions.allow} allowed, ${decisions.deny} denied`,
    ...(wallMs === null ? [] : [`wall: p50 ${ms(wallMs.p50)}, p99 ${ms(wallMs.p99)}, max ${ms(wallMs.max)}`]),
    `${seconds.toFixed(2)} s, ${runsPerSecond.toFixed(1)} runs per second, ${result.parallel} in parallel, ${result.warmCells} cells opened ahead`,
  ];
}
