import type { CellThread } from './cell-thread.ts';
import type { RunLimits } from '../contracts/limits.ts';
import type { Artefact } from './artefact.ts';
import type { CellProcess } from './cell-process.ts';
import type { FeedSubscription, Subscribe } from './live-feed.ts';
import type { ToCell } from './cell-message.ts';
import { createMeterMemory } from './meter.ts';
import type { ModuleStore } from './module-store.ts';
import { createLedgerMemory } from './process-ledger.ts';

/** All that can be known of a cell before its run. */
export interface CellOpening {
  /** For the composition in the cell; can be cloned. */
  readonly data: unknown;
  readonly artefact: Artefact;
  readonly modules: ModuleStore;
  readonly limits: RunLimits;
  /** Opens the line by which the cell is told of changes; without it, it is told of none. */
  readonly subscribe?: Subscribe;
  /** Where the guest lives; in the cell, where absent. It is used up. */
  readonly process?: CellProcess;
}

/** What supervisor and cell share. */
export interface CellMemory {
  readonly meter: SharedArrayBuffer;
  readonly ledger: SharedArrayBuffer;
  /** To be closed when the cell is gone. */
  readonly feed?: FeedSubscription;
}

/** Tells a new worker what will run in it. Calls `failed` where a prepared module is not what was written. */
export function openCell(worker: CellThread, opening: CellOpening, failed: (error: unknown) => void): CellMemory {
  const { data, artefact, limits, process } = opening;
  const descriptor = process === undefined ? {} : { descriptor: process.descriptor };
  const shared = { meter: createMeterMemory(), ledger: createLedgerMemory() };
  const feed = opening.subscribe?.();
  const memory: CellMemory = { ...shared, ...(feed === undefined ? {} : { feed }) };
  const line = feed === undefined ? {} : { feed: feed.line };
  try {
    worker.postMessage(
      { kind: 'start', start: { data, artefact, limits, ...shared, ...line, ...descriptor } } satisfies ToCell,
      feed === undefined ? [] : [feed.line.port],
    );
  } catch (error) {
    feed?.close();
    throw error;
  }
  if (process !== undefined) return memory; // its broker reads them, and it compiles them itself
  opening.modules
    .compiled(artefact)
    .then((modules) => worker.postMessage({ kind: 'modules', modules } satisfies ToCell), failed);
  return memory;
}
