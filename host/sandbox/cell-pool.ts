import type { CellOpening } from './open-cell.ts';
import { warmThreadCell, type CellShape, type WarmCell } from './warm-cell.ts';

/** Opened cells that wait for runs, in groups. What is taken is replaced; no cell serves two runs. */
export interface CellPool {
  /** Keeps `count` cells under a key. Resolves to how many of them are ready when the last one is or has failed. */
  keep(key: string, opening: CellOpening, count: number): Promise<number>;
  /** A cell of that key that is ready, or soon will be. */
  take(key: string): WarmCell | undefined;
  /** Ends all that nobody took. */
  close(): Promise<void>;
}

/** A run has just begun, and the start of a cell would take its time. */
const REFILL_MS = 100;

interface Group {
  readonly opening: CellOpening;
  readonly count: number;
  readonly waiting: WarmCell[];
}

/** Makes a pool for cells of one shape. */
export function createCellPool(shape: CellShape): CellPool {
  const groups = new Map<string, Group>();

  function add({ opening, waiting }: Group): Promise<boolean> {
    const cell = warmThreadCell(shape, opening);
    waiting.push(cell);
    return cell.ready.then((isReady) => {
      // One that failed is not tried again: whoever runs the agent hears why.
      if (!isReady && waiting.includes(cell)) waiting.splice(waiting.indexOf(cell), 1);
      return isReady;
    });
  }

  function fill(key: string): Promise<boolean>[] {
    const group = groups.get(key);
    if (group === undefined) return []; // closed meanwhile
    return Array.from({ length: Math.max(0, group.count - group.waiting.length) }, () => add(group));
  }

  return Object.freeze({
    async keep(key: string, opening: CellOpening, count: number): Promise<number> {
      const group: Group = { opening, count, waiting: groups.get(key)?.waiting ?? [] };
      groups.set(key, group);
      const there = group.waiting.map((cell) => cell.ready);
      const ready = await Promise.all([...there, ...fill(key)]);
      return ready.filter(Boolean).length;
    },
    take(key: string): WarmCell | undefined {
      const group = groups.get(key);
      const cell = group?.waiting.shift();
      if (group !== undefined && cell !== undefined) setTimeout(() => fill(key), REFILL_MS).unref();
      return cell;
    },
    async close(): Promise<void> {
      const all = [...groups.values()].flatMap(({ waiting }) => waiting.splice(0));
      groups.clear();
      await Promise.all(all.map((cell) => cell.close()));
    },
  });
}
