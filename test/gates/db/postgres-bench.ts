import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Gate } from '../../../host/contracts/gate.ts';
import type { DatabaseSettings } from '../../../host/gates/db/config.ts';
import type { PostgresTarget } from '../../../host/gates/db/engine.ts';
import { createDbGate, DB_INTERFACE } from '../../../host/gates/db/index.ts';
import { createPostgresEngine } from '../../../host/powers/postgres-engine.ts';
import type { DetectorConfig } from '../../../host/redaction/detector-config.ts';
import { createRedactors } from '../../../host/redaction/redactor.ts';
import { testPipeline, type TestPipeline, type TestPolicy } from '../../support/pipeline.ts';
import { noPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import type { Db } from './workbench.ts';

/** The schema that most tests use: what the tests for SQLite use, and what only Postgres has. */
export const SCHEMA = `
  create table customers(id bigint primary key, name text not null, email text);
  create table orders(id bigint primary key, customer_id bigint references customers(id) on delete cascade, total float8, note text);
  create table audit(what text);
  create table logged(id int primary key, at timestamptz default now());
  create table kinds(i2 int2, i4 int4, i8 int8, n numeric, f4 float4, f8 float8, b bool, t text, v varchar(9), by bytea, d date, ts timestamp, tz timestamptz, iv interval, u uuid, j json, jb jsonb, a int[]);
  create view order_totals as select id, total from orders;
  create view customer_names as select c.name, o.total from customers c join orders o on o.customer_id = c.id;
  create materialized view totals as select sum(total) as total from orders;
  create sequence numbers;
  create schema hidden;
  create table hidden.secrets(id int primary key, secret text);
  create function touch() returns trigger language plpgsql as $$ begin insert into audit values ('trigger'); return new; end $$;
  create trigger logged_touch after insert on logged for each row execute function touch();
  create function lower(int) returns text language sql as $$ select 'shadow' $$;
  insert into customers values (1, 'Ada', 'ada@example.test'), (2, 'Bob', 'bob@example.test'), (3, 'Cyd', null);
  insert into orders values (10, 1, 2.5, 'first'), (11, 2, 7.25, 'second'), (12, 2, 1.5, null);
  insert into hidden.secrets values (1, 'swordfish');
  create role agent login;
  grant usage on schema public, hidden to agent;
  grant select, insert, update, delete on all tables in schema public, hidden to agent;
  grant usage, select, update on all sequences in schema public to agent;
`;

export interface PostgresBenchOptions extends TestPolicy {
  readonly target?: Partial<PostgresTarget>;
  readonly statements?: Readonly<Record<string, string>>;
  readonly settings?: Partial<DatabaseSettings>;
  /** What the environment holds. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly detectors?: DetectorConfig;
}

export interface PostgresBench extends TestPipeline {
  readonly gate: Gate;
  readonly db: Db;
  readonly target: PostgresTarget;
}

/** What a test file gets: one server, a database made anew, and gates over it. */
export interface PostgresWorld {
  readonly server: () => PostgresServer;
  bench(options?: PostgresBenchOptions): PostgresBench;
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Makes the database again. */
  renew(schema?: string): Promise<void>;
  readonly target: (change?: Partial<PostgresTarget>) => PostgresTarget;
}

export const SKIPPED = noPostgres();

/** One server for the file. */
export function postgresWorld(schema = SCHEMA): PostgresWorld {
  let server: PostgresServer | undefined;
  const gates: Gate[] = [];
  const running = (): PostgresServer => server!;

  async function renew(text = schema): Promise<void> {
    await running().sql('postgres', 'drop database if exists world with (force)');
    await running().sql('postgres', 'drop role if exists agent');
    await running().sql('postgres', 'create database world');
    await running().sql('world', text);
  }
  async function close(): Promise<void> {
    for (const gate of gates.splice(0)) await gate.close();
  }

  beforeAll(async () => {
    if (SKIPPED !== undefined) return;
    server = await startPostgres();
    await renew();
  });
  afterEach(close);
  afterAll(async () => {
    await close();
    await server?.stop();
  });

  const target = (change: Partial<PostgresTarget> = {}): PostgresTarget => ({
    kind: 'postgres',
    host: running().host,
    port: running().port,
    database: 'world',
    user: 'agent',
    password: undefined,
    tls: undefined,
    schemas: ['public'],
    recursive: false,
    triggers: 'refuse',
    timeoutMs: 5_000,
    writable: true,
    maxBytes: 1024 * 1024,
    ...change,
  });

  return {
    server: running,
    renew,
    target,
    sql: (text) => running().sql('world', text),
    bench(options: PostgresBenchOptions = {}): PostgresBench {
      const test = testPipeline(options);
      const settings: DatabaseSettings = {
        target: target(options.target),
        statements: new Map(Object.entries(options.statements ?? {})),
        maxRows: 1_000,
        timeoutMs: 5_000,
        ...options.settings,
      };
      const gate = createDbGate({
        pipeline: test.pipeline,
        config: { databases: new Map([['main', settings]]) },
        engines: { postgres: createPostgresEngine({ password: (name) => options.environment?.[name] }) },
        ...(options.detectors === undefined ? {} : { redactors: createRedactors(options.detectors) }),
      });
      gates.push(gate);
      // The members of the interface are typed by WIT, not by TypeScript.
      return {
        ...test,
        gate,
        db: gate.imports.get(DB_INTERFACE.name) as unknown as Db,
        target: target(options.target),
      };
    },
  };
}
