/**
 * Measures fs read 4 KiB, SQLite point select, HTTP GET on loopback and a process tool, each four ways in one run: direct
 * Node, plain Python, a Rust guest, a JavaScript guest. Usage: `node bench/operations.ts [--json] [--count N]`.
 *
 * A guest has no clock of its own here: an operation's time is the distance between the intents of two calls in a row in
 * the audit record, so it holds everything, from the guest's call to the guest's next one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, sample, type Figures, type Row } from './measurement.ts';
import { makeOperationsWorld, type OperationsWorld } from './operations-world.ts';

const COUNT = countOr(3000);
const TOOL_COUNT = countOr(200);
const OPERATIONS = ['read', 'named', 'sql', 'get', 'tool'] as const;
type Operation = (typeof OPERATIONS)[number];
type Way = Partial<Record<Operation, Figures>>;

/** The engine compiles what runs often: turns that are not counted, many of the short operations. Few in a trial run. */
const warmUp = (operation: Operation): number =>
  operation === 'tool' ? Math.ceil(TOOL_COUNT / 10) : Math.min(COUNT * 7, operation === 'get' ? 3000 : 20_000);

const countOf = (operation: Operation): number => (operation === 'tool' ? TOOL_COUNT : COUNT);

async function measureNode({ file, database, url, tool }: OperationsWorld): Promise<Way> {
  const connection = new DatabaseSync(database, { readOnly: true });
  const statement = connection.prepare('select name from items where id = ?');
  const dispatcher = new Agent();
  const select = (turn: number) => statement.all(Math.abs(turn) % 1000);
  const get = async () => (await request(url, { dispatcher })).body.arrayBuffer();
  const run = () =>
    new Promise<void>((resolve, reject) => {
      const child = spawn(tool, [], { stdio: ['ignore', 'pipe', 'pipe'] });
      child.once('error', reject);
      child.once('close', () => resolve());
    });
  const sql = await sample(COUNT, warmUp('sql'), select);
  const way = {
    read: await sample(COUNT, warmUp('read'), () => readFileSync(file)),
    named: sql,
    sql,
    get: await sample(COUNT, warmUp('get'), get),
    tool: await sample(TOOL_COUNT, warmUp('tool'), run),
  };
  connection.close();
  await dispatcher.close();
  return way;
}

/** Plain Python: `open`, `sqlite3`, `urllib`, `subprocess`. */
function measurePython({ file, database, url, tool }: OperationsWorld): { readonly each: Way; readonly kept: Way } {
  const script = join(import.meta.dirname, 'operations.py');
  const args = [script, file, database, url, tool, String(COUNT), String(TOOL_COUNT)];
  const { stdout, status, error } = spawnSync('python3', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error('the Python side failed', { cause: error });
  const figures = JSON.parse(stdout) as Record<'read' | 'sql' | 'get' | 'get-kept' | 'tool', Figures>; // printed by operations.py
  const { read, sql, get, tool: process } = figures;
  return { each: { read, named: sql, sql, get, tool: process }, kept: { get: figures['get-kept'] } };
}

async function measureGuest(language: 'rust' | 'js', world: OperationsWorld): Promise<Way> {
  const component = join(world.directory, `operations-${language}.wasm`);
  const directory = join(import.meta.dirname, '..', 'guest-examples', 'operations', language);
  await buildGuest({ language, directory, output: component });
  const { openHost } = await loadHost();
  const host = await openHost({ configuration: world.configuration, workingDirectory: world.directory });
  const argument = (operation: Operation): string =>
    ({ read: '/workspace/data.bin', named: '-', sql: '-', get: world.url, tool: '-' })[operation];
  const way: Way = {};
  for (const operation of OPERATIONS) {
    const count = countOf(operation);
    const input = `${operation} ${count + warmUp(operation)} ${argument(operation)}`;
    const result = await host.run({ agent: 'bench', component, input, signal: new AbortController().signal });
    if (result.status !== 'ok' || result.audit === null)
      throw new Error(`${language} ${operation}: ${JSON.stringify(result)}`);
    way[operation] = figuresOf(distances(result.audit).slice(warmUp(operation) - 1));
  }
  return way;
}

/** Microseconds between each two intents in a row. */
function distances(path: string): number[] {
  const starts = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"effect.intended"'))
    .map((line) => Number(/"mono":(\d+)/.exec(line)?.[1]));
  return starts.slice(1).map((start, index) => start - (starts[index] ?? start));
}

const world = await makeOperationsWorld();
const rows: Row[] = [];
try {
  const node = await measureNode(world);
  const python = measurePython(world);
  const ways = [
    ['node', node],
    ['python', python.each],
    ['python, kept connection', python.kept],
    ['rust guest', await measureGuest('rust', world)],
    ['js guest', await measureGuest('js', world)],
  ] as const;
  for (const operation of OPERATIONS) {
    for (const [way, figures] of ways) {
      const own = figures[operation];
      const baseline = node[operation];
      if (own === undefined || baseline === undefined) continue;
      rows.push({
        operation,
        way,
        ...own,
        ratio: round(own.p50_us / baseline.p50_us),
        over_us: round(own.p50_us - baseline.p50_us),
        baseline,
      });
    }
  }
} finally {
  world.close();
}
printResult(
  'operations',
  rows,
  'ratio and over_us: p50 beside that of direct Node in this run; named = declared statement, sql = written by the guest',
);
