import type { Pipeline } from '../../enforcement/enforce.ts';
import type { DriverResult, Enforced } from '../../enforcement/effect.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { ObligationName } from '../../contracts/decision.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { Reached } from './mount-trees.ts';
import { NO_LINKS, type Leads } from './request.ts';
import { isName } from './virtual-path.ts';

/** Nothing was done, because a name led over a link: what it leads to has to be decided as well. */
export interface LinkFound {
  /** Canonical paths by those that were asked for. */
  readonly leads: Leads;
}

/** Where the names lead that go over links, in mounts that follow them; nothing else. */
export function leadsOf(places: readonly Reached[], last: 'follow' | 'keep'): Leads {
  const leads = new Map<string, string>();
  for (const { tree, mount, names } of places) {
    if (mount.symlinks === 'refuse') continue;
    const found = tree.resolve(names, last);
    if (!found.ok || !found.value.every(isName)) continue;
    const [path, real] = [names, found.value].map((list) => [mount.path, ...list].join('/'));
    if (path !== undefined && real !== undefined && path !== real) leads.set(path, real);
  }
  return leads;
}

/** Nothing: a call returns no rows, and it does not wait. */
export const DISCHARGES: ReadonlySet<ObligationName> = new Set<ObligationName>();

/** Enforces one call of the guest. */
export type EnforceCall = <Target, Value, Failure extends string>(
  parse: (leads: Leads) => Parsed<Target>,
  perform: (grant: Grant<Target>) => DriverResult<Value, Failure | LinkFound>,
) => Enforced<Value, Failure | LinkFound>;

/**
 * One call of the guest. Where it ends at a link that a mount follows, nothing was done, and it is decided once more: on
 * the name and on what it leads to, which is then opened without following anything.
 */
export function createEnforceCall(pipeline: Pipeline): EnforceCall {
  return (parse, perform) => {
    const attempt = (leads: Leads) =>
      pipeline.enforceNow({ capability: 'fs', discharges: DISCHARGES, parse: () => parse(leads), perform });
    const first = attempt(NO_LINKS);
    return first.status === 'failed' && typeof first.failure !== 'string' ? attempt(first.failure.leads) : first;
  };
}
