import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';

/** How long what is known of the catalogue counts, and a little more. */
const STALE_MS = 1_200;

describe.skipIf(SKIPPED !== undefined)(`D2 Postgres: a name that means something else by now ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();

  it('is decided on what it means', async () => {
    const { db } = world.bench({ allow: ({ resource }) => resource === 'db:main/public.orders' });
    const ask = () => Promise.resolve().then(() => db.query('main', 'select id from orders', []));
    expect((await ask()).rows).toHaveLength(3);
    await world.sql(
      'alter table orders rename to old_orders; create view orders as select id::bigint from hidden.secrets; grant select on orders to agent',
    );
    await sleep(STALE_MS);
    await expect(ask()).rejects.toMatchObject({ payload: { tag: 'denied' } });
    await world.renew();
  });
});
