import { createBudgetStore, type BudgetStore } from '../../host/budget/budget-store.ts';
import type { MachineTime, StoredTime } from '../../host/budget/budget-time.ts';
import type { CounterFile, CounterRows, Held, Owner, Owners } from '../../host/budget/counter-file.ts';
import { createBudgets, type PriceOf } from '../../host/budget/budgets.ts';
import type { RunBudgets } from '../../host/contracts/budget.ts';
import type { Window } from '../../host/budget/window.ts';

/** A machine whose clocks a test turns. */
export interface TestMachine {
  boot: string;
  /** Real time since its first start: what a window is measured with. */
  realMs: number;
  asleepMs: number;
  /** What is added to the wall clock by whoever puts it. */
  wallSkewMs: number;
  /** When the machine was started. */
  bootedAtMs: number;
}

export const testMachine = (): TestMachine => ({
  boot: 'boot-1',
  realMs: 5_000,
  asleepMs: 0,
  wallSkewMs: 0,
  bootedAtMs: 0,
});

export const nowOf = (machine: TestMachine): MachineTime => {
  const uptimeMs = machine.realMs - machine.bootedAtMs;
  return {
    boot: machine.boot,
    monotonicMs: uptimeMs - machine.asleepMs,
    uptimeMs,
    wallMs: 1_700_000_000_000 + machine.realMs + machine.wallSkewMs,
  };
};

interface State {
  time: StoredTime | undefined;
  windows: Map<string, { window: Window; ends: number }>;
  slots: Map<number, { key: string; run: string; owner: Owner }>;
}

export interface MemoryFile extends CounterFile {
  readonly counters: () => number;
  readonly slots: () => number;
  transactions: number;
  broken: boolean;
}

/** Counters in memory: all of a transaction is kept, or nothing. */
export function memoryFile(): MemoryFile {
  let state: State = { time: undefined, windows: new Map(), slots: new Map() };
  let next = 1;
  const file: MemoryFile = {
    counters: () => state.windows.size,
    slots: () => state.slots.size,
    transactions: 0,
    broken: false,
    change<Value>(act: (rows: CounterRows) => Value): Value {
      if (file.broken) throw new Error('disk I/O error');
      file.transactions += 1;
      const draft: State = { time: state.time, windows: new Map(state.windows), slots: new Map(state.slots) };
      const value = act({
        time: () => draft.time,
        setTime: (time) => void (draft.time = time),
        window: (key) => draft.windows.get(key)?.window ?? [],
        setWindow(key, window, ends) {
          if (window.length === 0) draft.windows.delete(key);
          else draft.windows.set(key, { window, ends });
        },
        dropEnded(nowMs, most) {
          const ended = [...draft.windows].filter(([, { ends }]) => ends <= nowMs).slice(0, most);
          for (const [key] of ended) draft.windows.delete(key);
        },
        held: (key) =>
          [...draft.slots].flatMap(([id, slot]): Held[] => (slot.key === key ? [{ id, owner: slot.owner }] : [])),
        hold(key, run, owner) {
          draft.slots.set(next, { key, run, owner });
          return next++;
        },
        release: (id) => void draft.slots.delete(id),
        releaseRun(run) {
          for (const [id, slot] of draft.slots) if (slot.run === run) draft.slots.delete(id);
        },
      });
      state = draft;
      return value;
    },
    close: () => undefined,
  };
  return file;
}

export const ownersWhere = (isAlive: (owner: Owner) => boolean = () => true, pid = 1): Owners => ({
  own: { pid, started: '1', space: 'here' },
  isAlive,
});

export const storeOf = (file: CounterFile, machine: TestMachine, owners: Owners = ownersWhere()): BudgetStore =>
  createBudgetStore({ file, clock: { now: () => nowOf(machine) }, owners });

/** The budgets of one run over such a store. */
export const budgetsOf = (
  file: CounterFile,
  machine: TestMachine,
  { run = 'run-1', priceOf = () => undefined }: { readonly run?: string; readonly priceOf?: PriceOf } = {},
): RunBudgets =>
  createBudgets({
    run,
    store: () => storeOf(file, machine),
    priceOf,
    clock: { monotonicMs: () => nowOf(machine).monotonicMs, wallMs: () => nowOf(machine).wallMs },
  });
