import type { CellProcess } from './cell-process.ts';
import type { CellOpening } from './open-cell.ts';
import { warmThreadCell, type CellShape, type WarmCell } from './warm-cell.ts';

/** How the cells of a group are opened. */
export interface PoolOpening extends Omit<CellOpening, 'process'> {
  /** Starts the process in which the guest of one cell lives; in the cell, where absent. */
  readonly startProcess?: () => Promise<CellProcess>;
}

/** Opened cells that wait for runs, in groups. What is taken is replaced; no cell serves two runs. */
export interface CellPool {
  /**
   * Keeps `count` cells under a key. Resolves to how many of them are ready when the last one is or has failed. Throws
   * where none can be started.
   */
  keep(key: string, opening: PoolOpening, count: number): Promise<number>;
  /** A cell of that key that is ready, or soon will be. */
  take(key: string): WarmCell | undefined;
  /** Ends all that nobody took. */
  close(): Promise<void>;
}

/** A run has just begun, and the start of a cell would take its time. */
const REFILL_MS = 100;

interface Group {
  readonly opening: PoolOpening;
  readonly waiting: WarmCell[];
  count: number;
  /** Cells that do not wait yet: their processes are being started. */
  starting: number;
}

/** Makes a pool for cells of one shape. */
export function createCellPool(shape: CellShape): CellPool {
  const groups = new Map<string, Group>();
  const pending = new Set<Promise<boolean>>();

  async function open(key: string, group: Group): Promise<WarmCell | undefined> {
    const { startProcess, ...opening } = group.opening;
    group.starting += 1;
    try {
      const process = await startProcess?.();
      try {
        if (groups.get(key) === group)
          return warmThreadCell(shape, { ...opening, ...(process === undefined ? {} : { process }) });
      } catch (error) {
        await process?.close();
        throw error;
      }
      await process?.close(); // the pool was closed meanwhile
      return undefined;
    } finally {
      group.starting -= 1;
    }
  }

  async function add(key: string, group: Group): Promise<boolean> {
    const { waiting } = group;
    const cell = await open(key, group);
    if (cell === undefined) return false;
    waiting.push(cell);
    const isReady = await cell.ready;
    // One that failed is not tried again: whoever runs the agent hears why.
    if (!isReady && waiting.includes(cell)) waiting.splice(waiting.indexOf(cell), 1);
    return isReady;
  }

  /** Forgets the cells that have ended while they waited. Returns whether there were any. */
  function forgetEnded({ waiting }: Group): boolean {
    const there = waiting.filter((cell) => cell.isThere());
    return waiting.splice(0, waiting.length, ...there).length > there.length;
  }

  function fill(key: string): Promise<boolean>[] {
    const group = groups.get(key);
    if (group === undefined) return []; // closed meanwhile
    const missing = Math.max(0, group.count - group.waiting.length - group.starting);
    return Array.from({ length: missing }, () => {
      const added = add(key, group);
      pending.add(added);
      const over = (): boolean => pending.delete(added);
      added.then(over, over);
      return added;
    });
  }

  function refill(key: string): void {
    for (const added of fill(key)) added.catch(() => undefined); // a run that finds none says why there is none
  }

  return Object.freeze({
    async keep(key: string, opening: PoolOpening, count: number): Promise<number> {
      const group: Group = groups.get(key) ?? { opening, waiting: [], count, starting: 0 };
      group.count = count;
      groups.set(key, group);
      forgetEnded(group);
      const there = group.waiting.map((cell) => cell.ready);
      const ready = await Promise.all([...there, ...fill(key)]);
      return ready.filter(Boolean).length;
    },
    take(key: string): WarmCell | undefined {
      const group = groups.get(key);
      if (group === undefined) return undefined;
      const ended = forgetEnded(group);
      const cell = group.waiting.shift();
      if (cell !== undefined || ended) setTimeout(() => refill(key), REFILL_MS).unref();
      return cell;
    },
    async close(): Promise<void> {
      const all = [...groups.values()].flatMap(({ waiting }) => waiting.splice(0));
      groups.clear();
      await Promise.all(all.map((cell) => cell.close()));
      await Promise.allSettled(pending);
    },
  });
}
