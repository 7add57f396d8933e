import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { DEFAULT_LIMITS, type RunLimits } from '../../../host/contracts/limits.ts';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import { startCellProcess, type CellProcess } from '../../../host/sandbox/cell-process.ts';
import type { ComponentSource } from '../../../host/sandbox/component-source.ts';
import { createModuleStore } from '../../../host/sandbox/module-store.ts';
import { prepareComponent, type PrepareLimits } from '../../../host/sandbox/prepare.ts';
import { createSharedCells, type SharedCells } from '../../../host/sandbox/shared-cell.ts';
import { startThreadCell, type CellEnd } from '../../../host/sandbox/thread-cell.ts';
import type { WarmCell } from '../../../host/sandbox/warm-cell.ts';
import type { ProbeMessage } from './probe.ts';
import { SERVED } from './served.ts';

export const LIMITS: RunLimits = {
  ...DEFAULT_LIMITS,
  wallMs: 20_000,
  cpuMs: 10_000,
  memoryBytes: 64 * 1_048_576,
  hostCalls: 1000,
  callBytes: 1_048_576,
  logBytes: 1_048_576,
};

export const ENTRY = pathToFileURL(join(import.meta.dirname, 'cell-entry.ts'));
const SHARED_ENTRY = pathToFileURL(join(import.meta.dirname, 'shared-cell-entry.ts'));

/** On a shared thread instructions are always counted. Here something else is to end a guest, as in the other cells. */
const MUCH_FUEL = 1e12;

/** How long after its limit a cell may end. The promise is 250 ms; machines that are shared get four times as long. */
export const GRACE_MS = 1000;

/** A folder of the test's own, removed after it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Prepares for a test. */
export async function prepared(
  source: ComponentSource,
  cacheDirectory: string,
  limits: Partial<PrepareLimits> = {},
  cell: CellUnderTest = 'thread',
): Promise<Artefact> {
  return prepareComponent({
    source,
    cacheDirectory,
    served: SERVED,
    limits: { memoryBytes: LIMITS.memoryBytes, ...limits },
    fuel: cell === 'shared',
  });
}

export interface CellRun extends CellEnd {
  readonly messages: readonly ProbeMessage[];
}

export interface CellSetup {
  readonly input?: string;
  readonly limits?: Partial<RunLimits>;
  readonly signal?: AbortSignal;
  /** How long the cell takes to close, milliseconds. */
  readonly closing?: number;
  readonly closeMs?: number;
  readonly warm?: WarmCell;
  readonly onMessage?: (message: ProbeMessage) => void;
  /** Where the guest lives; in the thread where absent. */
  readonly cell?: CellUnderTest;
  /** The process in which it lives, where the test has started it. */
  readonly process?: CellProcess | 'warm';
}

/** The cells that give a guest the same results. */
export const CELLS = ['thread', 'process', 'shared'] as const;
export type CellUnderTest = (typeof CELLS)[number];

/** Threads that runs share; `heapBytes` is the JavaScript heap of one. */
export const sharedCells = (heapBytes = 512 * 1_048_576): SharedCells =>
  createSharedCells({ entry: SHARED_ENTRY, mostRuns: 1000, heapBytes });

/** One thread for all tests of a file: what one of them leaves behind is there for the next. */
const shared = sharedCells();

/** Runs a component in a cell with the probe as its only gate. */
export async function runCell(artefact: Artefact, setup: CellSetup = {}): Promise<CellRun> {
  const messages: ProbeMessage[] = [];
  const limits = { ...LIMITS, ...(setup.cell === 'shared' ? { fuel: MUCH_FUEL } : {}), ...setup.limits };
  const process = setup.process ?? (setup.cell === 'process' ? startCellProcess({ limits }) : undefined);
  const warm = setup.warm ?? (setup.cell === 'shared' ? shared.place() : undefined);
  const cell = startThreadCell({
    entry: ENTRY,
    data: { closing: setup.closing ?? 0 },
    seat: { input: setup.input ?? 'hello' },
    artefact,
    modules: createModuleStore(),
    limits,
    onMessage: (message) => {
      messages.push(message as ProbeMessage); // the probe is the only one that posts
      setup.onMessage?.(message as ProbeMessage);
    },
    ...(warm === undefined ? {} : { warm }),
    ...(setup.closeMs === undefined ? {} : { closeMs: setup.closeMs }),
    ...(process === undefined ? {} : { process }),
    ...(setup.signal === undefined ? {} : { signal: setup.signal }),
  });
  return { ...(await cell.end), messages };
}

/** Prepares and runs for one kind of cell. */
export interface CellBed {
  readonly prepared: (source: ComponentSource, cacheDirectory: string) => Promise<Artefact>;
  readonly runCell: (artefact: Artefact, setup?: CellSetup) => Promise<CellRun>;
}

export const bedOf = (cell: CellUnderTest): CellBed => ({
  prepared: (source, cacheDirectory) => prepared(source, cacheDirectory, {}, cell),
  runCell: (artefact, setup = {}) => runCell(artefact, { ...setup, cell }),
});
