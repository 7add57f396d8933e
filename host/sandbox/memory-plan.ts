import { HostError } from '../contracts/errors.ts';
import type { Bounds, Ceilings, Owned } from './module-limits.ts';

export const PAGE_BYTES = 65_536;

/** What all instances of a component may have together. */
export interface RoomBudget {
  readonly pages: number;
  readonly tableEntries: number;
}

/**
 * Shares one budget of linear memory among all memories of a component, and one of entries among its tables, so that
 * their maxima together never exceed it. Refuses a component that starts with more.
 */
export function planMemory(modules: ReadonlyMap<string, Owned>, budget: RoomBudget): ReadonlyMap<string, Ceilings> {
  const memories = [...modules.values()].flatMap((owned) => owned.memories);
  const tables = [...modules.values()].flatMap((owned) => owned.tables);
  checkTables(tables, budget.tableEntries);
  checkMemories(memories, budget.pages);
  const memoryShares = shareOut(memories, budget.pages, (bounds) => bounds.min);
  const tableShares = shareOut(tables, budget.tableEntries, () => 1);
  let memory = 0;
  let table = 0;
  return new Map(
    [...modules].map(([name, owned]) => [
      name,
      {
        memories: owned.memories.map(({ min }) => min + (memoryShares[memory++] ?? 0)),
        tables: owned.tables.map(({ min }) => min + (tableShares[table++] ?? 0)),
      },
    ]),
  );
}

/** The most that one instance can have of pages or entries: `bounds` under `ceilings`. */
export function mostOf(bounds: readonly Bounds[], ceilings: readonly number[]): number {
  return bounds.reduce((sum, { max }, index) => sum + Math.min(max ?? Infinity, ceilings[index] ?? 0), 0);
}

function checkMemories(memories: readonly Bounds[], budgetPages: number): void {
  const least = total(memories, ({ min }) => min);
  if (least <= budgetPages) return;
  const mebibytes = (pages: number): string => `${Math.ceil((pages * PAGE_BYTES) / 1_048_576)} MiB`;
  throw new HostError(
    'ERR_COMPONENT_REFUSED',
    `the component starts with ${mebibytes(least)} of linear memory; the limit is ${mebibytes(budgetPages)}`,
    { hints: ['raise the limit `memoryBytes` of the agent, or build a smaller component'] },
  );
}

function checkTables(tables: readonly Bounds[], budgetEntries: number): void {
  const least = total(tables, ({ min }) => min);
  if (least <= budgetEntries) return;
  throw new HostError(
    'ERR_COMPONENT_REFUSED',
    `the component starts with ${least} table entries; the limit is ${budgetEntries}`,
    { hints: ['raise the limit `tableEntries` of the agent, or build a smaller component'] },
  );
}

/**
 * Shares what is left of `budget` after every minimum. In proportion to `weigh`: the main memory of a language runtime
 * gets nearly all, stubs that start with no page get none. What a declared maximum leaves over goes to the others.
 */
function shareOut(items: readonly Bounds[], budget: number, weigh: (bounds: Bounds) => number): number[] {
  const even = items.every((item) => weigh(item) === 0);
  const open = items.map((item) => ({
    room: item.max === undefined ? Infinity : Math.max(0, item.max - item.min),
    weight: even ? 1 : weigh(item),
    share: 0,
  }));
  let rest = budget - total(items, ({ min }) => min);
  for (;;) {
    const takers = open.filter(({ room, share, weight }) => share < room && weight > 0);
    const weights = total(takers, ({ weight }) => weight);
    const gifts = takers.map(({ room, share, weight }) =>
      Math.min(Math.floor((rest * weight) / weights), room - share),
    );
    if (gifts.every((gift) => gift === 0)) return open.map(({ share }) => share);
    takers.forEach((taker, index) => {
      taker.share += gifts[index] ?? 0;
    });
    rest -= total(gifts, (gift) => gift);
  }
}

const total = <T>(items: readonly T[], measure: (item: T) => number): number =>
  items.reduce((sum, item) => sum + measure(item), 0);
