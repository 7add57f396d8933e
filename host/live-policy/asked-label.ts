import { dataPlaces } from '../configuration/data-places.ts';
import { matchPattern } from '../configuration/match-pattern.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { HostError } from '../contracts/errors.ts';
import type { CarriedLabels } from '../contracts/label.ts';
import type { Access } from '../contracts/request.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import { labelBelow } from '../labels/label-places.ts';
import { createResourceLabels } from '../labels/resource-labels.ts';
import { createRunLabels } from '../labels/run-labels.ts';

const NOTHING_CARRIED: CarriedLabels = {
  rankOf: () => undefined,
  rankBelow: () => undefined,
  raise: () => undefined,
  close: () => undefined,
};

/**
 * The accesses with the labels that rules test, in a run that has read so much (the lowest label, if absent). What runs
 * wrote along is not looked up. Throws `ERR_USAGE` for a label that the configuration does not have.
 */
export function labelledAs(
  read: string | undefined,
  accesses: readonly [Access, ...Access[]],
  { order, settings }: { readonly order: readonly string[] } & Pick<Configuration, 'settings'>,
): readonly [Access, ...Access[]] {
  const [lowest, ...others] = order;
  const rank = read === undefined ? 0 : order.indexOf(read);
  if (read !== undefined && rank < 0)
    throw new HostError('ERR_USAGE', `there is no label \`${read}\`${didYouMean(read, order)}`, { hints: order });
  if (lowest === undefined) return accesses;
  const labels = createRunLabels({
    order: [lowest, ...others],
    resources: createResourceLabels(settings.classification, matchPattern),
    below: (directory) => labelBelow(settings.classification, directory),
    places: dataPlaces(settings),
    carried: NOTHING_CARRIED,
    initialRank: rank,
    grown: () => undefined,
  });
  return labels.labelled(accesses);
}
