/**
 * What was taken from one counter: amounts, and until when each of them counts. Times are milliseconds of budget time.
 * An amount that is taken at `t` counts until `t + period`: whatever window of that length one looks at, what counts at its
 * end is all that was taken in it.
 */
export interface Taken {
  readonly until: number;
  readonly amount: number;
}

export type Window = readonly Taken[];

/** Above this many entries, those that end near each other are made one that ends as late as the last of them could. */
const MOST_ENTRIES = 64;

/** The step in which ends are rounded up where there are many. */
export const stepOf = (periodMs: number): number => Math.max(1, Math.ceil(periodMs / MOST_ENTRIES));

/** Without what no longer counts. */
export const current = (window: Window, nowMs: number): Window => window.filter(({ until }) => until > nowMs);

/** Safe integers only: a sum beyond them is as full as any. */
export const sumOf = (window: Window): number =>
  window.reduce((sum, { amount }) => Math.min(sum + amount, Number.MAX_SAFE_INTEGER), 0);

/** With one more amount. Never counts anything for a shorter time than it was taken for. */
export function withTaken(window: Window, { until, amount }: Taken, periodMs: number): Window {
  if (amount === 0) return window;
  const same = window.findIndex((entry) => entry.until === until);
  const next =
    same < 0
      ? [...window, { until, amount }]
      : window.map((entry, index) => (index === same ? { until, amount: bounded(entry.amount + amount) } : entry));
  return next.length <= MOST_ENTRIES ? next : rounded(next, stepOf(periodMs));
}

function rounded(window: Window, step: number): Window {
  const byEnd = new Map<number, number>();
  for (const { until, amount } of window) {
    const end = Math.ceil(until / step) * step;
    byEnd.set(end, bounded((byEnd.get(end) ?? 0) + amount));
  }
  return [...byEnd].map(([until, amount]) => ({ until, amount }));
}

const bounded = (amount: number): number => Math.min(amount, Number.MAX_SAFE_INTEGER);

/** Without an amount that was taken until then, as far as it is still there: never more than that. */
export function withoutTaken(window: Window, { until, amount }: Taken, periodMs: number): Window {
  const step = stepOf(periodMs);
  const rounds = Math.ceil(until / step) * step;
  const at = window.findIndex((entry) => entry.until === until || entry.until === rounds);
  return window
    .map((entry, index) => (index === at ? { ...entry, amount: entry.amount - Math.min(entry.amount, amount) } : entry))
    .filter((entry) => entry.amount > 0);
}

/** How long until there is room for `need`, in milliseconds: the earliest such time. Nothing where there never is. */
export function waitFor(window: Window, need: number, limit: number, nowMs: number): number | undefined {
  if (need > limit) return undefined;
  let sum = sumOf(window);
  if (sum + need <= limit) return 0;
  for (const { until, amount } of window.toSorted((one, other) => one.until - other.until)) {
    sum -= amount;
    if (sum + need <= limit) return Math.max(0, until - nowMs);
  }
  return undefined;
}
