import { CellError } from './cell-error.ts';
import type { Obligations } from '../contracts/decision.ts';

/**
 * Refuses a currency that is not that of the declared prices, and the second one of a policy: amounts of two cannot be
 * held against one price.
 */
export function createCurrencyCheck(priced: string | undefined): (obligations: Obligations, cell: string) => void {
  let known: string | undefined;
  return ({ budgets = [] }, cell) => {
    for (const { currency } of budgets) {
      if (currency === undefined) continue;
      if (priced !== undefined && currency !== priced)
        throw new CellError(
          cell.indexOf(currency),
          `unknown currency \`${currency}\`: the prices of the configuration are in \`${priced}\`; expected \`${priced}\``,
        );
      known ??= currency;
      if (currency !== known)
        throw new CellError(
          cell.indexOf(currency),
          `a policy has one currency: this is \`${currency}\`, a row above has \`${known}\``,
        );
    }
  };
}
