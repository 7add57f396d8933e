import { createGuestProcesses, type GuestProcesses } from './guest-processes.ts';
import { createPreparation, type Preparation } from './preparation.ts';
import { createCellPool, type CellPool } from '../sandbox/cell-pool.ts';
import { createSharedCells, type SharedCells } from '../sandbox/shared-cell.ts';
import { createModuleStore, type ModuleStore } from '../sandbox/module-store.ts';
import { warmThreadCell, type WarmCell } from '../sandbox/warm-cell.ts';

/** The file that every thread cell starts with. The sibling has the ending of this file: sources or compiled. */
export const CELL_ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './cell-entry.ts' : './cell-entry.js',
  import.meta.url,
);

/** The file that every thread starts with on which many runs live. */
export const SHARED_CELL_ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './shared-cell-entry.ts' : './shared-cell-entry.js',
  import.meta.url,
);

/** The most runs on one thread at a time. */
const MOST_SHARED = 1000;
/** Their JavaScript heap, all together. */
const SHARED_HEAP_BYTES = 4 * 1024 ** 3;

/** What a host keeps between runs: what it knows of components, compiled modules, and cells that were started before they are needed. */
export interface Cells {
  readonly preparation: Preparation;
  readonly modules: ModuleStore;
  readonly processes: GuestProcesses;
  /** Places for runs on threads that they share. */
  readonly shared: SharedCells;
  /** Cells that are opened for an agent. */
  readonly pool: CellPool;
  /** The spare cell, started and empty, once. It was never used; no cell serves two runs. */
  readonly spare: () => WarmCell | undefined;
  readonly close: () => Promise<void>;
}

/** Makes the cells of one host. With `spare`, a cell starts at once and is ready when the first run needs it. */
export function createCells({ spare }: { readonly spare: boolean }): Cells {
  let warm = spare ? warmThreadCell({ entry: CELL_ENTRY }) : undefined;
  const pool = createCellPool({ entry: CELL_ENTRY });
  const shared = createSharedCells({ entry: SHARED_CELL_ENTRY, mostRuns: MOST_SHARED, heapBytes: SHARED_HEAP_BYTES });
  const processes = createGuestProcesses();
  return Object.freeze({
    preparation: createPreparation(),
    modules: createModuleStore(),
    pool,
    shared,
    processes,
    spare(): WarmCell | undefined {
      const taken = warm;
      warm = undefined;
      return taken;
    },
    close: async () => {
      await Promise.all([warm?.close(), pool.close(), shared.close(), processes.close()]);
    },
  });
}
