import type { Pipeline } from '../../enforcement/enforce.ts';
import { after, type Pending } from '../../contracts/pending.ts';
import type { DriverResult, Enforced } from '../../enforcement/effect.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { ObligationName } from '../../contracts/decision.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { Reached } from './mount-trees.ts';
import { NO_LINKS, type Below, type Leads } from './request.ts';
import { isName, pathOf } from './virtual-path.ts';

/** Nothing was done, because more names are concerned than were asked for: they have to be decided as well. */
export interface LinkFound {
  /** Where names lead that go over links: canonical paths by those that were asked for. */
  readonly leads: Leads;
  /** What lies below a directory that is moved. */
  readonly below?: Below;
}

/** Where the names lead that go over links, in mounts that follow them; nothing else. */
export function leadsOf(places: readonly Reached[], last: 'follow' | 'keep'): Leads {
  const leads = new Map<string, string>();
  for (const { tree, mount, names } of places) {
    if (mount.symlinks === 'refuse') continue;
    const found = tree.resolve(names, last);
    if (!found.ok || !found.value.every(isName)) continue;
    const [path, real] = [pathOf(mount.path, names), pathOf(mount.path, found.value)];
    if (path !== real) leads.set(path, real);
  }
  return leads;
}

/** A call returns no rows. */
export const DISCHARGES: ReadonlySet<ObligationName> = new Set<ObligationName>(['redact', 'bytes']);

/** Enforces one call of a guest. It waits only for a person, where a rule asks for one. */
export type EnforceCall = <Target, Value, Failure extends string>(
  parse: (leads: Leads, below: Below | undefined) => Parsed<Target>,
  perform: (grant: Grant<Target>) => DriverResult<Value, Failure | LinkFound>,
) => Pending<Enforced<Value, Failure | LinkFound>>;

/** A link was found, and then a directory. */
const MOST_ATTEMPTS = 3;

/** What one call has found out so far. */
interface Attempt {
  readonly leads: Leads;
  readonly below: Below | undefined;
}
const FIRST: Attempt = { leads: NO_LINKS, below: undefined };

/** What to ask next, where the driver found that more has to be decided. */
function next({ leads }: Attempt, end: Enforced<unknown, string | LinkFound>): Attempt | undefined {
  if (end.status !== 'failed' || typeof end.failure === 'string') return undefined;
  const { below } = end.failure;
  return { leads: below === undefined ? end.failure.leads : leads, below };
}

/**
 * One call of the guest. Where it ends at a link that a mount follows, nothing was done, and it is decided once more: on
 * the name and on what it leads to, which is then opened without following anything. So it is with a directory that is
 * moved, and all that is below it.
 */
export function createEnforceCall(pipeline: Pipeline): EnforceCall {
  return (parse, perform) => {
    const ask = ({ leads, below }: Attempt) =>
      pipeline.enforce({ capability: 'fs', discharges: DISCHARGES, parse: () => parse(leads, below), perform });
    type End = Awaited<ReturnType<typeof ask>>;
    const go = (attempt: Attempt, count: number): Pending<End> =>
      after(ask(attempt), (end: End) => {
        const more = count < MOST_ATTEMPTS ? next(attempt, end) : undefined;
        return more === undefined ? end : go(more, count + 1);
      });
    return go(FIRST, 1);
  };
}
