import { readConfiguration } from '../configuration/configuration.ts';
import type { PostgresTarget } from '../gates/db/engine.ts';
import { resourceOf } from '../gates/db/table-resource.ts';
import { createHostPowers, type HostPowers } from '../host-powers.ts';
import { createReach } from '../policy/reach.ts';
import { readOne } from '../runs/secret-use.ts';
import type { GateSettings } from '../configuration/settings.ts';
import type { RoleCheck } from '../powers/postgres-review.ts';

/** What a database's role may do beside what the policy needs. */
export interface DatabaseReview {
  readonly database: string;
  /** The role that logs in; for a file there is none. */
  readonly role: string | undefined;
  /** Empty for a file: the operating system guards it. */
  readonly checks: readonly RoleCheck[];
}

/** Logs in to every server of a configuration and looks at the role that agents would act as. Changes nothing. */
export async function reviewDatabases(
  location: { readonly configuration: string; readonly workingDirectory: string },
  powers: HostPowers = createHostPowers(),
): Promise<readonly DatabaseReview[]> {
  const { settings, policy, manifest } = readConfiguration(location.configuration, location.workingDirectory, powers);
  const reaches = [...manifest.agents.keys()].map((name) => createReach(policy.sliceFor(`agent:${name}`)));
  const reviews: DatabaseReview[] = [];
  for (const [database, { target }] of settings.db.databases) {
    if (target.kind === 'sqlite') {
      reviews.push({ database, role: undefined, checks: [] });
      continue;
    }
    const mayAllow = (action: string, schema: string, table: string): boolean =>
      target.schemas.includes(schema) &&
      (target.writable || action === 'db:select') &&
      reaches.some((reach) => reach(action, resourceOf(database, table, schema)));
    const password = await passwordOf(target, settings, powers);
    const checks =
      'unavailable' in password ? [password.unavailable] : await checksOf(target, powers, password, mayAllow);
    reviews.push({ database, role: target.user, checks });
  }
  return reviews;
}

/** The secret that is the password, where one is bound to the database. */
async function passwordOf(
  { password }: PostgresTarget,
  settings: GateSettings,
  powers: HostPowers,
): Promise<{ readonly secret: () => string | undefined } | { readonly unavailable: RoleCheck }> {
  const bound = password?.kind === 'secret' ? settings.secrets.get(password.name) : undefined;
  if (password?.kind !== 'secret' || bound === undefined) return { secret: () => undefined };
  const read = await readOne(password.name, bound, settings, powers);
  if (!('unavailable' in read)) return { secret: () => read.reveal() };
  const detail = `secret \`${password.name}\`: ${read.unavailable}`;
  return { unavailable: { name: 'the password is there', holds: false, detail } };
}

async function checksOf(
  target: PostgresTarget,
  { environment }: HostPowers,
  { secret }: { readonly secret: () => string | undefined },
  mayAllow: (action: string, schema: string, table: string) => boolean,
): Promise<readonly RoleCheck[]> {
  const { reviewPostgres } = await import('../powers/postgres-review.ts');
  try {
    const checks = await reviewPostgres(target, { password: environment, secret }, mayAllow);
    const ready = {
      name: 'the server answers',
      holds: true,
      detail: `port ${target.port}, database ${target.database}`,
    };
    return [ready, ...checks];
  } catch (error) {
    // For the operator alone: the server's own text says what is wrong.
    return [
      { name: 'the server answers', holds: false, detail: error instanceof Error ? error.message : String(error) },
    ];
  }
}
