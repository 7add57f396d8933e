import { hash } from 'node:crypto';
import type { BudgetRequest } from '../contracts/budget.ts';
import type { BudgetScope, BudgetTerm } from '../contracts/decision.ts';
import type { SlotCounter, WindowCounter } from './budget-store.ts';

/** One counter of one term: that of the principal, or of the resource, that it counts for. */
export interface Counter {
  readonly term: BudgetTerm;
  readonly key: string;
  /** Nothing for `concurrency`. */
  readonly window: WindowCounter | undefined;
  readonly slots: SlotCounter | undefined;
}

/** Finds the counter of a term for a request. Nothing where it counts for a person and there is none. */
export type CounterNames = (term: BudgetTerm, request: BudgetRequest) => Counter | undefined;

/** Makes the names of the counters of one run, whose principal is always the same. */
export function createCounterNames(): CounterNames {
  // A term is made once, with its rule: of most of them there is one counter in a run.
  const known = new WeakMap<BudgetTerm, Counter>();
  return (term, request) => {
    const found = known.get(term);
    if (found !== undefined) return found;
    const subject = subjectOf(term, request);
    if (subject === undefined) return undefined;
    const counter = counterOf(term, subject);
    if (term.scope !== 'resource') known.set(term, counter);
    return counter;
  };
}

/** For whom a counter counts. */
function subjectOf(
  { scope, owner }: BudgetTerm,
  { principal, resource }: BudgetRequest,
): readonly string[] | undefined {
  const { agent, onBehalfOf } = owner ?? principal;
  const subjects: Readonly<Record<BudgetScope, readonly string[] | undefined>> = {
    agent: [agent],
    // The subject of the row, which the name of the rule stands for.
    role: [],
    user: onBehalfOf === undefined ? undefined : [onBehalfOf],
    resource: [agent, resource],
  };
  return subjects[scope];
}

function counterOf(term: BudgetTerm, subject: readonly string[]): Counter {
  const { kind, rule, counter = rule, limit, periodMs, currency = '', scope } = term;
  // Of one length, whatever guests ask for.
  const text = JSON.stringify([counter, kind, periodMs ?? 0, currency, scope, ...subject]);
  const key = hash('sha256', text, 'base64url');
  if (kind === 'concurrency') return { term, key, window: undefined, slots: { kind: 'slots', key, limit } };
  if (periodMs === undefined) throw new TypeError(`a budget of \`${kind}\` without a period`);
  return { term, key, window: { kind: 'window', key, limit, periodMs }, slots: undefined };
}
