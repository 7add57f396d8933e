import type { ApprovalTerms, BudgetTerm, LabelRef, LogDetail, Obligations } from '../../contracts/decision.ts';

export const NONE: Obligations = Object.freeze({});

/**
 * The obligations of several rows together. Of bounds the least, of lists the union, of labels the highest, of `log` the
 * fuller; budgets stand side by side, because each is a counter of its own. The order of the rows makes no difference.
 */
export function strictest(all: readonly Obligations[]): Obligations {
  const first = all[0];
  if (first === undefined) return NONE;
  return all.length === 1 ? first : all.reduce(stricter);
}

type Merge<Value> = (a: Value, b: Value) => Value;

const least: Merge<number> = Math.min;
const union: Merge<readonly string[]> = (a, b) => [...new Set([...a, ...b])].sort();
const fuller: Merge<LogDetail> = (a, b) => (a === 'full' ? a : b);
const highest: Merge<LabelRef> = (a, b) => (a.rank >= b.rank ? a : b);
const everybody: Merge<ApprovalTerms> = (a, b) => ({
  roles: union(a.roles, b.roles),
  ttlMs: Math.min(a.ttlMs, b.ttlMs),
});

/** The name of a counter, but for whom it counts. */
const counterOf = ({ rule, kind, scope, periodMs = 0, owner }: BudgetTerm): string =>
  `${rule} ${kind} ${scope} ${periodMs} ${owner?.agent ?? ''} ${owner?.onBehalfOf ?? ''}`;

const sideBySide: Merge<readonly BudgetTerm[]> = (a, b) => {
  const byCounter = new Map([...a, ...b].map((term) => [counterOf(term), term]));
  return [...byCounter].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, term]) => term);
};

const both = <Value>(a: Value | undefined, b: Value | undefined, merge: Merge<Value>): Value | undefined =>
  a === undefined || b === undefined ? (a ?? b) : merge(a, b);

function stricter(a: Obligations, b: Obligations): Obligations {
  // Every kind stands here: one that were forgotten would vanish where two rows match.
  const merged: { readonly [Name in keyof Required<Obligations>]: Obligations[Name] | undefined } = {
    rows: both(a.rows, b.rows, least),
    bytes: both(a.bytes, b.bytes, least),
    timeoutMs: both(a.timeoutMs, b.timeoutMs, least),
    log: both(a.log, b.log, fuller),
    budgets: both(a.budgets, b.budgets, sideBySide),
    redact: both(a.redact, b.redact, union),
    label: both(a.label, b.label, highest),
    approval: both(a.approval, b.approval, everybody),
    alert: both(a.alert, b.alert, union),
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)); // as typed above
}
