/** What this machine's clocks say, in milliseconds. */
export interface MachineTime {
  /** Names one start of the machine: monotonic time of two of them cannot be compared. */
  readonly boot: string;
  /** Since that start, without the time in which the machine slept; the same for every process of the machine. */
  readonly monotonicMs: number;
  /** Since that start, sleep included. Coarse. */
  readonly uptimeMs: number;
  /** The wall clock. Anybody may put it forward or back. */
  readonly wallMs: number;
}

export interface MachineClock {
  now(): MachineTime;
}

/** What is kept of time. */
export interface StoredTime {
  /** The latest budget time, and the latest wall time, that were seen. */
  readonly budgetMs: number;
  readonly wallMs: number;
  /** Each start of the machine that took part, the newest last. */
  readonly boots: readonly Boot[];
}

interface Boot {
  readonly boot: string;
  /** Budget time at its monotonic zero. */
  readonly base: number;
  /** How long the machine has slept in it, as far as anybody has noticed. */
  readonly asleep: number;
}

/** Sleep is measured with a coarse clock: less than this is its error. */
const LEAST_SLEEP_MS = 100;
/** How old the time that is kept may become. */
const STALE_MS = 1_000;
const MOST_BOOTS = 8;

/**
 * Budget time: milliseconds that never go back. While the machine is up it follows the monotonic clock, and nothing that is
 * done to the wall clock changes it. Over a start of the machine it goes on by what the wall clock says has passed since it
 * was last seen, and where that was put back, by nothing. Only a clock that is put forward between the last transaction
 * before such a start and the first one after it gives room early.
 */
export function budgetTime(
  stored: StoredTime | undefined,
  { boot, monotonicMs, uptimeMs, wallMs }: MachineTime,
): { readonly nowMs: number; readonly stored: StoredTime; readonly changed: boolean } {
  const { budgetMs: latest, wallMs: latestWall, boots } = stored ?? { budgetMs: 0, wallMs, boots: [] };
  const slept = Math.max(0, uptimeMs - monotonicMs);
  const known = boots.find((other) => other.boot === boot);
  const own = known === undefined ? joined() : { ...known, asleep: noticed(known.asleep, slept) };
  const nowMs = Math.max(own.base + monotonicMs + own.asleep, latest);
  // A wall clock that was put forward is noted at once: what it says of the next start of the machine is counted from there.
  const putForward = wallMs - latestWall > nowMs - latest + STALE_MS;
  const changed = own.asleep !== known?.asleep || putForward || nowMs - latest >= STALE_MS;
  if (!changed && stored !== undefined) return { nowMs, stored, changed };
  const others = boots.filter((other) => other.boot !== boot).slice(1 - MOST_BOOTS);
  return {
    nowMs,
    stored: { budgetMs: nowMs, wallMs: Math.max(wallMs, latestWall), boots: [...others, own] },
    changed: true,
  };

  function joined(): Boot {
    const startMs = latest + Math.max(0, wallMs - latestWall);
    return { boot, base: startMs - monotonicMs - slept, asleep: slept };
  }
}

const noticed = (asleep: number, slept: number): number => (slept > asleep + LEAST_SLEEP_MS ? slept : asleep);
