import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import { ACTIONS, createDbGate, DB_INTERFACE } from '../../host/gates/db/index.ts';
import { createSqliteEngine } from '../../host/powers/sqlite-engine.ts';
import type { Db } from '../gates/db/workbench.ts';
import type { GateCases } from './gate.cases.ts';
import { sampleFolder } from './sample-folder.ts';

function inFile<Result>(path: string, use: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(path);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

export const DB_CASES: GateCases = {
  name: 'db',
  served: DB_INTERFACE,
  actions: ACTIONS,
  intention: { action: 'db:insert', resource: 'db:main/orders', attributes: NO_ATTRIBUTES },
  secrets: [tmpdir()],
  create(pipeline) {
    const path = join(sampleFolder(), 'main.db');
    inFile(path, (database) => database.exec('create table orders(id integer primary key, note text)'));
    const settings = {
      target: { kind: 'sqlite', path, writable: true, recursive: false, maxBytes: 1 << 20, maxFileBytes: 1 << 24 },
      statements: new Map<string, string>(),
      maxRows: 1_000,
      timeoutMs: 5_000,
    } as const;
    const sqlite = createSqliteEngine({ started: () => undefined, ended: () => undefined });
    return {
      gate: createDbGate({ pipeline, config: { databases: new Map([['main', settings]]) }, engines: { sqlite } }),
      // The members of the interface are typed by WIT, not by TypeScript.
      call: async (members) => (members as unknown as Db).execute('main', "insert into orders(note) values ('x')", []),
      performed: () => inFile(path, (database) => database.prepare('select id from orders').all().length),
    };
  },
};
