import { describe, expect, it } from 'vitest';
import { ROLE_WITH_PASSWORD } from '../../support/postgres-server.ts';
import { postgresWorld, SCHEMA, SKIPPED } from './postgres-bench.ts';
import { everything } from './workbench.ts';

const PASSWORD = 'a long word of the keeper';

describe.skipIf(SKIPPED !== undefined)(`a login to Postgres ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld(
    `${SCHEMA}
    drop role if exists ${ROLE_WITH_PASSWORD};
    create role ${ROLE_WITH_PASSWORD} login password '${PASSWORD}';
    grant usage on schema public to ${ROLE_WITH_PASSWORD};
    grant select on orders to ${ROLE_WITH_PASSWORD};`,
  );
  const bench = (environment: Readonly<Record<string, string>>) =>
    world.bench({
      allow: everything,
      environment,
      target: { user: ROLE_WITH_PASSWORD, password: { kind: 'environment', name: 'KEEPER' } },
    });
  const count = async (environment: Readonly<Record<string, string>>) =>
    (await bench(environment).db.query('main', 'select count(*) from orders', [])).rows;

  it('proves itself with the password that the environment holds', async () => {
    expect(await count({ KEEPER: PASSWORD })).toEqual([[{ tag: 'integer', val: 3n }]]);
  });

  it.each([
    ['a wrong password', { KEEPER: 'guessed' }],
    ['no password', {}],
  ])('with %s reaches nothing, and says nothing of it', async (_, environment) => {
    const { db, records } = bench(environment);
    const error: unknown = await Promise.resolve()
      .then(() => db.query('main', 'select count(*) from orders', []))
      .catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('payload');
    expect(JSON.stringify([error, records])).not.toMatch(/keeper|guessed|password/i);
  });
});
