import { expect, it } from 'vitest';
import type { DatabaseTarget, PostgresTarget, SqliteTarget } from '../../../host/gates/db/engine.ts';
import { dbWaits } from '../../../host/gates/db/index.ts';
import { SERVED, servedFor, type GateSettings } from '../../../host/settings.ts';

const file: SqliteTarget = {
  kind: 'sqlite',
  path: '/none',
  writable: false,
  recursive: false,
  maxBytes: 1024,
  maxFileBytes: 1024,
};
const server = { kind: 'postgres' } as PostgresTarget; // nothing else of it is looked at

const db = (...targets: readonly DatabaseTarget[]) => ({
  databases: new Map(
    targets.map((target, index) => [
      `d${index}`,
      { target, statements: new Map<string, string>(), maxRows: 1, timeoutMs: 1 },
    ]),
  ),
});

/** The names of the functions that may wait, of one interface. */
function waiting(name: string, ...targets: readonly DatabaseTarget[]): readonly string[] {
  // Nothing but the databases makes a difference.
  const row = servedFor({ db: db(...targets) } as unknown as GateSettings).find((served) => served.name === name);
  return row?.functions.filter(({ waits }) => waits).map((served) => served.name) ?? [];
}

it('a call of a database waits only where a database of the configuration may answer later', () => {
  expect(dbWaits(db())).toBe(false);
  expect(dbWaits(db(file, file))).toBe(false);
  expect(dbWaits(db(file, server))).toBe(true);
  expect(waiting('sallyport:agent/db', file)).toEqual([]);
  const all = SERVED.find(({ name }) => name === 'sallyport:agent/db')?.functions.map(({ name }) => name);
  expect(waiting('sallyport:agent/db', file, server)).toEqual(all);
});

it('and what else is served, in which versions and with which functions, is the same under every configuration', () => {
  const shape = (rows: typeof SERVED) =>
    rows.map(({ name, versions, functions }) => [name, versions, functions.map((served) => served.name)]);
  const settings = { db: db(server) } as unknown as GateSettings; // see above
  expect(shape(servedFor(settings))).toEqual(shape(SERVED));
  expect(waiting('sallyport:agent/fs', server)).toEqual([]);
});
