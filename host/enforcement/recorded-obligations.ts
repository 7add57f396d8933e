import type { BudgetTerm, Obligations } from '../contracts/decision.ts';
import type { Json } from '../contracts/request.ts';

/** Obligations as the record has them; nothing where there are none. */
export function recordedObligations(obligations: Obligations): {
  readonly obligations?: { readonly [name: string]: Json };
} {
  const { budgets, approval, label, ...rest } = obligations;
  const shown = {
    ...rest,
    ...(budgets === undefined ? {} : { budgets: budgets.map(recordedTerm) }),
    ...(approval === undefined ? {} : { approval: { ...approval } }),
    ...(label === undefined ? {} : { label: label.name }),
  };
  return Object.keys(shown).length === 0 ? {} : { obligations: shown };
}

/** One term of a budget as the record has it. */
export const recordedTerm = (term: BudgetTerm): { readonly [name: string]: Json } => ({ ...term });
