import { parseAmount } from '../budget/amount.ts';
import type { Price, PriceOf } from '../budget/budgets.ts';
import { HostError } from '../contracts/errors.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { RawPrice } from '../manifest/manifest-section.ts';
import { CellError } from '../policy/cell-error.ts';
import type { PolicySnapshot } from '../policy/policy-snapshot.ts';
import { splitCanonical } from '../policy/resource-parts.ts';
import { matchesResource, parseResourcePattern } from '../policy/resource-pattern.ts';
import { actionMatches, capabilityOf } from '../policy/vocabulary.ts';

const CURRENCY_LETTERS = 3;
export const currencyOf = ({ price }: RawPrice): string => price.slice(-CURRENCY_LETTERS);

function compile({ resource, action, price, report }: RawPrice) {
  const amount = parseAmount(price.slice(0, -CURRENCY_LETTERS));
  if (amount === undefined) throw new TypeError('a price that was checked is an amount');
  const source =
    report === undefined
      ? undefined
      : 'header' in report
        ? ({ kind: 'header', name: report.header.toLowerCase() } as const)
        : ({ kind: 'field', path: report.field } as const);
  const priced: Price = { amount, ...(source === undefined ? {} : { source }) };
  return { pattern: parseResourcePattern(resource), action, priced };
}

/** Finds the price of an action: of several that fit, the dearest. Throws `CellError` for a pattern that is none. */
export function createPrices(prices: readonly RawPrice[]): PriceOf {
  const compiled = prices.map(compile);
  return (action, resource) => {
    const parts = splitCanonical(resource);
    if (parts === undefined) return undefined;
    return compiled
      .filter((price) => price.action === undefined || actionMatches(action, price.action))
      .filter(({ pattern }) => matchesResource(pattern, parts))
      .map(({ priced }) => priced)
      .reduce<Price | undefined>(
        (dearest, price) => (dearest && dearest.amount >= price.amount ? dearest : price),
        undefined,
      );
  };
}

/** Refuses prices that can never apply, or whose currency is not that of the policy. */
export function checkPrices(file: string, { prices }: Pick<Manifest, 'prices'>, policy: PolicySnapshot): void {
  const currency = policy.rules.flatMap(({ cells }) => /(?:^| )cost=[\d.]+([A-Z]{3})\//.exec(cells[5])?.[1] ?? [])[0];
  const known = [...policy.actions, ...new Set(policy.actions.map((action) => `${capabilityOf(action)}:*`))];
  const hints = prices.flatMap((price, index) =>
    problemsOf(price, currency ?? currencyOf(prices[0] ?? price), known).map(
      (text) => `${file}: prices.${index}.${text}`,
    ),
  );
  if (hints.length > 0) throw new HostError('ERR_CONFIG_INVALID', `\`${file}\` has prices that do not fit`, { hints });
}

function problemsOf(price: RawPrice, currency: string, known: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const { action } = price;
  if (action !== undefined && !known.includes(action))
    problems.push(`action: no gate asks for \`${action}\`${didYouMean(action, known)}`);
  if (currencyOf(price) !== currency)
    problems.push(`price: this is \`${currencyOf(price)}\`, and everything else is \`${currency}\``);
  try {
    parseResourcePattern(price.resource);
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    problems.push(`resource: ${error.message}`);
  }
  return problems;
}
