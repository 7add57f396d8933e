/**
 * Measures a point select on Postgres: direct `pg` with a prepared statement, the gate alone, a Rust guest in a cell, and
 * Python's `psycopg` where it is installed; all in one run, against one server on a Unix socket.
 * Usage: `node bench/postgres.ts [--json]`.
 *
 * A guest has no clock of its own here: its time is the distance between the intents of two calls in a row in the audit
 * record, so it holds everything, from the guest's call to the guest's next one.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Client } from 'pg';
import type { DbConfig } from '../host/gates/db/config.ts';
import type { PostgresTarget } from '../host/gates/db/engine.ts';
import { createDbGate, DB_INTERFACE } from '../host/gates/db/index.ts';
import { createPostgresEngine } from '../host/powers/postgres-engine.ts';
import { buildGuest } from '../src/build/build-guest.ts';
import { testPipeline } from '../test/support/pipeline.ts';
import { startPostgres, type PostgresServer } from '../test/support/postgres-server.ts';
import { loadHost } from './compiled-host.ts';
import { figuresOf, printResult, round, type Figures } from './measurement.ts';

const COUNT = 4000;
const WARM_UP = COUNT / 10;
const BLOCK = 200;
const SQL = 'select name from items where id = $1';
const SCHEMA = `
  create table items(id bigint primary key, name text not null);
  insert into items select n, 'item ' || n from generate_series(0, 999) n;
  create role agent login; grant select on items to agent;
`;

/** One way to make the same call, again and again. */
interface Way {
  readonly select: (turn: number) => unknown;
  readonly close: () => unknown;
}

async function openDirect({ host, port }: PostgresServer): Promise<Way> {
  const client = new Client({ host, port, user: 'agent', database: 'bench' });
  await client.connect();
  return {
    select: (turn) => client.query({ name: 'item', text: SQL, values: [turn % 1000], rowMode: 'array' }),
    close: () => client.end(),
  };
}

function openGate({ host, port }: PostgresServer): Way {
  const { pipeline } = testPipeline({ allow: () => true });
  const target: PostgresTarget = {
    kind: 'postgres',
    host,
    port,
    database: 'bench',
    user: 'agent',
    password: undefined,
    tls: undefined,
    schemas: ['public'],
    recursive: false,
    triggers: 'refuse',
    timeoutMs: 5_000,
    writable: false,
    maxBytes: 1 << 20,
  };
  const settings = { target, statements: new Map([['item', SQL]]), maxRows: 1_000, timeoutMs: 5_000 };
  const config: DbConfig = { databases: new Map([['main', settings]]) };
  const engines = { postgres: createPostgresEngine({ password: () => undefined }) };
  const gate = createDbGate({ pipeline, config, engines });
  // The members of the interface are typed by WIT, not by TypeScript.
  const db = gate.imports.get(DB_INTERFACE.name) as unknown as {
    queryNamed(database: string, name: string, parameters: readonly unknown[]): unknown;
  };
  return {
    select: (turn) => db.queryNamed('main', 'item', [{ tag: 'integer', val: BigInt(turn % 1000) }]),
    close: () => gate.close(),
  };
}

/** Several ways turn by turn in short blocks, so that what else the machine does falls on all of them alike. */
async function measureTogether(ways: readonly Way[]): Promise<readonly Figures[]> {
  const samples = ways.map((): number[] => []);
  for (let block = -1; block < COUNT / BLOCK; block += 1) {
    for (const [index, { select }] of ways.entries()) {
      for (let turn = 0; turn < BLOCK; turn += 1) {
        const started = process.hrtime.bigint();
        await select(turn);
        if (block >= 0) samples[index]!.push(Number(process.hrtime.bigint() - started) / 1000);
      }
    }
  }
  for (const { close } of ways) await close();
  return samples.map(figuresOf);
}

/** The same component that `bench/operations` runs over SQLite. */
async function measureGuest({ host, port }: PostgresServer, directory: string): Promise<Figures> {
  const component = join(directory, 'operations.wasm');
  await buildGuest({
    language: 'rust',
    directory: join(import.meta.dirname, '../guest-examples/operations/rust'),
    output: component,
  });
  const configuration = join(directory, 'sallyport.yaml');
  writeFileSync(
    configuration,
    `version: 1
cell: thread
limits: { hostCalls: 1000000, wall: 600s, cpu: 600s }
agents: { bench: { component: operations.wasm } }
databases:
  main:
    postgres: { socket: ${host}, port: ${port}, database: bench, user: agent }
    statements: { item-by-id: "${SQL}" }
`,
  );
  mkdirSync(join(directory, 'policy'), { recursive: true });
  writeFileSync(
    join(directory, 'policy', 'policy.csv'),
    'p, agent:bench, db:select, db:main/public.items, -, allow, -\n',
  );
  const { openHost } = await loadHost();
  const opened = await openHost({ configuration, workingDirectory: directory });
  const input = `named ${COUNT + WARM_UP} -`;
  const result = await opened.run({ agent: 'bench', component, input, signal: new AbortController().signal });
  if (result.status !== 'ok' || result.audit === null) throw new Error(JSON.stringify(result));
  const starts = readFileSync(result.audit, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"effect.intended"'))
    .map((line) => Number(/"mono":(\d+)/.exec(line)?.[1]));
  return figuresOf(
    starts
      .slice(1)
      .map((start, index) => start - (starts[index] ?? start))
      .slice(WARM_UP),
  );
}

function measurePython({ host, port }: PostgresServer): Figures | undefined {
  const script = join(import.meta.dirname, 'postgres.py');
  const { status, stdout } = spawnSync('python3', [script, host, String(port), String(COUNT)], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as Figures) : undefined; // printed by postgres.py
}

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-pg-'));
const server = await startPostgres();
try {
  await server.sql('postgres', 'create database bench');
  await server.sql('bench', SCHEMA);
  const [baseline, gate] = await measureTogether([await openDirect(server), openGate(server)]);
  if (baseline === undefined || gate === undefined) throw new Error('nothing was measured');
  const guest = await measureGuest(server, directory);
  const python = measurePython(server);
  const ways: readonly (readonly [string, Figures | undefined])[] = [
    ['pg, direct', baseline],
    ['gate alone', gate],
    ['rust guest in a cell', guest],
    ['python psycopg', python],
  ];
  const rows = ways.flatMap(([way, figures]) =>
    figures === undefined
      ? []
      : [
          {
            operation: 'point select',
            way,
            ...figures,
            ratio: round(figures.p50_us / baseline.p50_us),
            over_us: round(figures.p50_us - baseline.p50_us),
          },
        ],
  );
  printResult(
    'postgres',
    rows,
    'ratio and over_us: p50 beside that of direct pg in this run; direct and gate measured turn by turn',
  );
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}
