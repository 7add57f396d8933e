import type { BudgetCounter } from '../../../host/index.ts';
import { durationText } from './question.ts';

const PERIODS: ReadonlyMap<number, string> = new Map([
  [1_000, 's'],
  [60_000, 'm'],
  [3_600_000, 'h'],
  [86_400_000, 'd'],
]);
const MILLIONTHS = 6;

/** An amount in the unit of its counter: `12`, `4.5 MB`, `0.25 EUR`. Never rounded. */
export function amountText({ kind, currency }: Pick<BudgetCounter, 'kind' | 'currency'>, amount: number): string {
  switch (kind) {
    case 'rate':
    case 'concurrency':
      return `${amount}`;
    case 'bytes':
      return `${amount} B`;
    case 'cost': {
      const digits = `${amount}`.padStart(MILLIONTHS + 1, '0');
      const part = digits.slice(-MILLIONTHS).replace(/0{1,4}$/, '');
      return `${digits.slice(0, -MILLIONTHS)}.${part} ${currency ?? ''}`.trimEnd();
    }
  }
}

/** `60 / m`: how much in which window. */
export function limitText(counter: BudgetCounter): string {
  const { limit, periodMs } = counter;
  const limited = amountText(counter, limit);
  return periodMs === null ? limited : `${limited} / ${PERIODS.get(periodMs) ?? `${periodMs} ms`}`;
}

/** For whom, and for what: `agent:a /workspace/a.txt`. */
export function subjectText({ scope, subject, resource }: BudgetCounter): string {
  const who = subject ?? (scope === 'role' ? 'all of the role' : 'nobody: name a person');
  return scope === 'resource' ? `${who} ${resource ?? 'each resource'}` : who;
}

/** When there is room: `now`, `in 12 s`. */
export function roomText({ kind, used, roomInMs }: BudgetCounter): string {
  if (used === null) return '-';
  if (roomInMs === 0) return 'now';
  if (roomInMs !== null) return `in ${durationText(roomInMs)}`;
  return kind === 'concurrency' ? 'when one ends' : 'never';
}

/** What a request would take from one counter, and whether that has room for it. */
export function budgetLine(counter: BudgetCounter): string {
  const { kind, rule, used, left, roomInMs, need, clearInMs, limit } = counter;
  const what = `budget ${kind} ${limitText(counter)} of ${rule}, ${subjectText(counter)}`;
  if (need === null) return `${what}: would be denied: no price of the configuration says what it costs`;
  if (used === null || left === null) return `${what}: would be denied: the run is on behalf of nobody`;
  const needs = need === undefined || need <= 1 ? '' : `, needs ${amountText(counter, need)}`;
  const stands = `${what}: ${amountText(counter, used)} used, ${amountText(counter, left)} left${needs}`;
  if (roomInMs !== 0) {
    const never = kind === 'cost' && need !== undefined && need > limit;
    return `${stands}; would be denied now, room ${never ? 'never: it costs more than the limit' : roomText(counter)}`;
  }
  return clearInMs === null || clearInMs === 0 ? stands : `${stands}; all of it again in ${durationText(clearInMs)}`;
}
