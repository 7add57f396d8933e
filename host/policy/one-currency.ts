import { CellError } from './cell-error.ts';
import type { Obligations } from '../contracts/decision.ts';

/** Refuses the second currency of a policy: amounts of two cannot be held against one price. */
export function createCurrencyCheck(): (obligations: Obligations, cell: string) => void {
  let known: string | undefined;
  return ({ budgets = [] }, cell) => {
    for (const { currency } of budgets) {
      if (currency === undefined) continue;
      known ??= currency;
      if (currency !== known)
        throw new CellError(
          cell.indexOf(currency),
          `a policy has one currency: this is \`${currency}\`, a row above has \`${known}\``,
        );
    }
  };
}
