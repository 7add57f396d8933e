import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach } from 'vitest';
import type { Gate } from '../../../host/contracts/gate.ts';
import type { ProcessLedger } from '../../../host/contracts/powers.ts';
import type { DatabaseSettings } from '../../../host/gates/db/config.ts';
import type { WitChanges, WitRows } from '../../../host/gates/db/driver.ts';
import { createDbGate, DB_INTERFACE } from '../../../host/gates/db/index.ts';
import type { WitValue } from '../../../host/gates/db/value.ts';
import type { DbError } from '../../../host/gates/db/wit-error.ts';
import { createSqliteEngine } from '../../../host/powers/sqlite-engine.ts';
import type { DetectorConfig } from '../../../host/redaction/detector-config.ts';
import { createRedactors } from '../../../host/redaction/redactor.ts';
import { testPipeline, type TestPipeline, type TestPolicy } from '../../support/pipeline.ts';

/** The schema that most tests use. */
const SCHEMA = `
  create table customers(id integer primary key, name text not null, email text);
  create table orders(id integer primary key, customer_id integer references customers(id) on delete cascade, total real, note text);
  create table audit(what text);
  create view order_totals as select id, total from orders;
  create trigger orders_audit after update on orders begin insert into audit values(new.note); end;
  insert into customers values (1, 'Ada', 'ada@example.test'), (2, 'Bob', 'bob@example.test');
  insert into orders values (10, 1, 2.5, 'first'), (11, 2, 7.25, 'second');
`;

export interface DbTransaction {
  query(sql: string, parameters: readonly WitValue[]): Promise<WitRows>;
  execute(sql: string, parameters: readonly WitValue[]): Promise<WitChanges>;
  queryNamed(name: string, parameters: readonly WitValue[]): Promise<WitRows>;
  executeNamed(name: string, parameters: readonly WitValue[]): Promise<WitChanges>;
  commit(): Promise<undefined>;
  rollback(): Promise<undefined>;
  [Symbol.dispose](): void;
}
export interface Db {
  readonly query: (database: string, sql: string, parameters: readonly WitValue[]) => Promise<WitRows>;
  readonly execute: (database: string, sql: string, parameters: readonly WitValue[]) => Promise<WitChanges>;
  readonly queryNamed: (database: string, name: string, parameters: readonly WitValue[]) => Promise<WitRows>;
  readonly executeNamed: (database: string, name: string, parameters: readonly WitValue[]) => Promise<WitChanges>;
  readonly begin: (database: string) => Promise<DbTransaction>;
}

export interface Workbench extends TestPipeline {
  readonly gate: Gate;
  readonly db: Db;
  readonly folder: string;
  readonly path: string;
  /** Processes that the gate has started and that have not ended. */
  readonly processes: ReadonlySet<number>;
  /** Opens the file past the gate. */
  direct<Result>(use: (database: DatabaseSync) => Result): Result;
}

export interface WorkbenchOptions extends TestPolicy {
  readonly schema?: string;
  readonly statements?: Readonly<Record<string, string>>;
  readonly settings?: Partial<DatabaseSettings>;
  readonly writable?: boolean;
  readonly recursive?: boolean;
  readonly maxBytes?: number;
  readonly maxFileBytes?: number;
  readonly detectors?: DetectorConfig;
}

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A gate over a real file `main` (and a second one, `other`) in a folder of its own. */
export function workbench(options: WorkbenchOptions = {}): Workbench {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-db-'));
  const path = join(folder, 'main.db');
  const otherPath = join(folder, 'other.db');
  for (const file of [path, otherPath]) using(file, (database) => database.exec(options.schema ?? SCHEMA));

  const processes = new Set<number>();
  const ledger: ProcessLedger = { started: (pid) => processes.add(pid), ended: (pid) => processes.delete(pid) };
  const settingsOf = (file: string): DatabaseSettings => ({
    target: {
      kind: 'sqlite',
      path: file,
      writable: options.writable ?? true,
      recursive: options.recursive ?? false,
      maxBytes: options.maxBytes ?? 1024 * 1024,
      maxFileBytes: options.maxFileBytes ?? 64 * 1024 * 1024,
    },
    statements: new Map(Object.entries(options.statements ?? {})),
    maxRows: 1_000,
    timeoutMs: 5_000,
    ...options.settings,
  });
  const bench = testPipeline(options);
  const databases = new Map([
    ['main', settingsOf(path)],
    ['other', settingsOf(otherPath)],
  ]);
  const engines = { sqlite: createSqliteEngine(ledger) };
  const gate = createDbGate({
    pipeline: bench.pipeline,
    config: { databases },
    engines,
    ...(options.detectors === undefined ? {} : { redactors: createRedactors(options.detectors) }),
  });
  const db = later(gate.imports.get(DB_INTERFACE.name) as unknown as ImmediateDb);
  cleanups.push(async () => {
    await gate.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { ...bench, gate, db, folder, path, processes, direct: (use) => using(path, use) };
}

function using<Result>(file: string, use: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** The interface as the glue calls it, which here answers at once: promises are for the tests alone. */
type ImmediateDb = { readonly [Name in keyof Db]: (...values: Parameters<Db[Name]>) => Awaited<ReturnType<Db[Name]>> };

function later(db: ImmediateDb): Db {
  return {
    query: (...values) => Promise.try(() => atOnce(db.query(...values))),
    execute: (...values) => Promise.try(() => atOnce(db.execute(...values))),
    queryNamed: (...values) => Promise.try(() => atOnce(db.queryNamed(...values))),
    executeNamed: (...values) => Promise.try(() => atOnce(db.executeNamed(...values))),
    begin: (database) => Promise.try(() => laterTransaction(atOnce(db.begin(database)))),
  };
}

function laterTransaction(transaction: DbTransaction): DbTransaction {
  return {
    query: (...values) => Promise.try(() => atOnce(transaction.query(...values))),
    execute: (...values) => Promise.try(() => atOnce(transaction.execute(...values))),
    queryNamed: (...values) => Promise.try(() => atOnce(transaction.queryNamed(...values))),
    executeNamed: (...values) => Promise.try(() => atOnce(transaction.executeNamed(...values))),
    commit: () => Promise.try(() => atOnce(transaction.commit())),
    rollback: () => Promise.try(() => atOnce(transaction.rollback())),
    [Symbol.dispose]: () => transaction[Symbol.dispose](),
  };
}

/** Fails where a function waits that is declared not to. */
function atOnce<Value>(value: Value): Awaited<Value> {
  if (value instanceof Promise) throw new TypeError('the gate waits');
  return value as Awaited<Value>; // it is no promise
}

/** Allows everything. */
export const everything = (): boolean => true;

/** The WIT error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<DbError> {
  try {
    await call;
  } catch (thrown) {
    return (thrown as { payload: DbError }).payload;
  }
  throw new Error('the call did not fail');
}

export const int = (val: bigint | number): WitValue => ({ tag: 'integer', val: BigInt(val) });
export const text = (val: string): WitValue => ({ tag: 'text', val });
/** Rows as plain values. */
export const plain = ({ rows }: WitRows): unknown[][] =>
  rows.map((row) => row.map((value) => (value.tag === 'null' ? null : value.val)));

/** What was asked of the policy, one line per access: `db:select db:main/orders id,total`. */
export function asked(
  accesses: readonly { action: string; resource: string; attributes: ReadonlyMap<string, unknown> }[],
): string[] {
  return accesses.map(({ action, resource, attributes }) => {
    const columns = attributes.get('columns') as readonly string[] | undefined;
    return [action, resource, ...(columns === undefined ? [] : [columns.join(',')])].join(' ');
  });
}
