import { createModuleStore, type ModuleStore } from './sandbox/module-store.ts';
import { warmThreadCell, type WarmCell } from './sandbox/warm-cell.ts';

/** The file that every thread cell starts with. The sibling has the ending of this file: sources or compiled. */
export const CELL_ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './cell-entry.ts' : './cell-entry.js',
  import.meta.url,
);

/** What a host keeps between runs: compiled modules, and perhaps one cell that is started and empty. */
export interface Cells {
  readonly modules: ModuleStore;
  /** The spare cell, once. It was never used; no cell serves two runs. */
  readonly spare: () => WarmCell | undefined;
  readonly close: () => Promise<void>;
}

/** Makes the cells of one host. With `spare`, a cell starts at once and is ready when the first run needs it. */
export function createCells({ spare }: { readonly spare: boolean }): Cells {
  let warm = spare ? warmThreadCell({ entry: CELL_ENTRY }) : undefined;
  return Object.freeze({
    modules: createModuleStore(),
    spare(): WarmCell | undefined {
      const taken = warm;
      warm = undefined;
      return taken;
    },
    close: async () => warm?.close(),
  });
}
