import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openHost, type Host, type RunOptions } from '../../../host/host.ts';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import type { RunResult } from '../../../host/contracts/run-result.ts';
import { createAuditFiles } from '../../../host/powers/audit-file.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';
import { inlineGuest } from '../../support/inline-guest.ts';

/** One call of the script: function and arguments. `{ bytes }` and `{ big }` stand for what JSON lacks, `null` for none. */
export type Call = readonly [string, ...unknown[]];

/** What the guest saw of one call. */
export interface Seen {
  readonly ok?: unknown;
  /** The payload of the error. */
  readonly error?: { readonly tag: string; readonly val?: unknown };
  /** Something else was thrown. */
  readonly thrown?: string;
}

const PUPPET = `
import * as http from 'sallyport:agent/http@0.1.0';
import * as fs from 'sallyport:agent/fs@0.1.0';
import * as db from 'sallyport:agent/db@0.1.0';
import * as tools from 'sallyport:agent/tool-exec@0.1.0';
import * as log from 'sallyport:agent/log@0.1.0';
import * as policy from 'sallyport:agent/policy@0.1.0';

const modules = { http, fs, db, tools, log, policy };
const kept = [];
const sized = {};

function revive(value) {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object') return value;
  if (typeof value.bytes === 'string') return Uint8Array.from(value.bytes, (unit) => unit.charCodeAt(0));
  if (typeof value.size === 'number') return (sized[value.size] ??= new Uint8Array(value.size).fill(120));
  if (typeof value.big === 'string') return BigInt(value.big);
  if (typeof value.units === 'object') return String.fromCharCode(...value.units);
  if (typeof value.repeat === 'string') return value.repeat.repeat(value.times);
  const copy = {};
  for (const key of Object.keys(value)) copy[key] = revive(value[key]);
  return copy;
}

function plain(value) {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return { bytes: String.fromCharCode(...value.subarray(0, 4096)) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const key of Object.keys(value)) copy[key] = plain(value[key]);
  return copy;
}

function perform([name, ...args]) {
  const [module, method] = name.split('.');
  if (module === 'handle') return kept[kept.length - 1][method](...revive(args));
  const value = modules[module][method](...revive(args));
  if (method === 'begin') { kept.push(value); return 'handle'; }
  if (method === 'open') { kept.push(value.body); return value.status; }
  return value;
}

export function run(input) {
  const { calls, repeat = 1, answer } = JSON.parse(input);
  const seen = [];
  for (let round = 0; round < repeat; round++) {
    for (const call of calls) {
      let one;
      try {
        one = { ok: plain(perform(call)) };
      } catch (error) {
        one = error?.payload === undefined ? { thrown: String(error) + ' ' + String(error?.stack) } : { error: plain(error.payload) };
      }
      if (round === 0) seen.push(one);
    }
  }
  if (answer?.fail !== undefined) throw revive(answer.fail);
  if (answer?.text !== undefined) return revive(answer.text);
  return JSON.stringify(seen);
}
`;

/** A guest that does what its input says, catches what is refused, and tells what it saw. It imports every gate. */
export const puppet = (): Promise<string> => inlineGuest(PUPPET);

export interface Bed {
  readonly world: AgentWorld;
  readonly host: Host;
  /** Runs calls and returns what the guest saw of each. Fails where the run does. */
  readonly see: (calls: readonly Call[], options?: Partial<RunOptions>) => Promise<Seen[]>;
  /** The same, for runs that need not end well. */
  readonly run: (script: Record<string, unknown>, options?: Partial<RunOptions>) => Promise<RunResult>;
}

/** A host with the puppet as its only agent. */
export async function makeBed(world: AgentWorld): Promise<Bed> {
  const component = await puppet();
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  const run: Bed['run'] = (script, options = {}) => host.run({ component, input: JSON.stringify(script), ...options });
  const see: Bed['see'] = async (calls, options) => {
    const result = await run({ calls }, options);
    if (result.output === undefined) throw new Error(`the run ended with ${JSON.stringify(result)}`);
    return JSON.parse(result.output) as Seen[];
  };
  return { world, host, run, see };
}

/** What every agent world of these tests has: a mount, a database and two tools, with something outside of each. */
export function makeWorld(options: { rows?: readonly string[]; more?: string; agent?: string } = {}): AgentWorld {
  const world = makeAgentWorld({
    rows: options.rows ?? [],
    configuration: [
      'version: 1',
      'purposes: [work]',
      `agents: { tester: { component: agent.wasm${options.agent ?? ''} } }`,
      'mounts: { /workspace: { directory: workspace, access: rw } }',
      'databases: { main: { sqlite: main.sqlite, access: rw } }',
      'tools:',
      '  print:',
      '    description: Prints a text.',
      '    isolation: none',
      '    command: /usr/bin/printf',
      "    arguments: ['%s', '{text}']",
      '    schema: { type: object, required: [text], additionalProperties: false, properties: { text: { type: string, maxLength: 200 } } }',
      '  environment:',
      '    description: Prints its environment.',
      '    isolation: none',
      '    command: /usr/bin/cat',
      '    arguments: [/proc/self/environ]',
      '  wait:',
      '    description: Waits.',
      '    isolation: none',
      '    command: /usr/bin/sleep',
      "    arguments: ['61.125']",
      options.more ?? '',
      '',
    ].join('\n'),
  });
  world.write('workspace/open.txt', 'open');
  world.write('workspace/closed/secret.txt', 'secret-of-the-mount');
  world.write('outside.txt', 'outside');
  makeDatabase(join(world.directory, 'main.sqlite'));
  return world;
}

/** Two tables: `open` with two rows, `closed` with three. */
export function makeDatabase(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(
    `create table open (id integer primary key, text text); create table closed (id integer primary key, text text);
     insert into open (text) values ('a'), ('b'); insert into closed (text) values ('secret-1'), ('secret-2'), ('secret-3');`,
  );
  database.close();
}

/** A text that changes with every row of a database. */
export function databaseContents(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare('select name, sql from sqlite_schema order by name').all();
    const rows = ['open', 'closed'].map((table) => database.prepare(`select * from ${table} order by id`).all());
    return JSON.stringify([tables, rows]);
  } finally {
    database.close();
  }
}

/** Every file below a folder with its contents, but for what is named. */
export function tree(directory: string, ...without: readonly string[]): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files: [string, string][] = entries
    .map((entry) => [join(entry.parentPath, entry.name).slice(directory.length + 1), entry] as const)
    .filter(([path]) => !without.some((name) => path === name || path.startsWith(`${name}/`)))
    .map(([path, entry]): [string, string] => [
      path,
      entry.isFile() ? readFileSync(join(directory, path), 'latin1') : '(directory)',
    ])
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(files);
}

export interface Trap {
  readonly url: string;
  readonly port: number;
  /** How many connections were made to it. */
  readonly contacts: () => number;
  readonly paths: string[];
  close(): Promise<void>;
}

/** A server on loopback that counts who comes. */
export async function listen(host = '127.0.0.1'): Promise<Trap> {
  let contacts = 0;
  const paths: string[] = [];
  const server: Server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.end('hello');
  });
  server.on('connection', () => (contacts += 1));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    contacts: () => contacts,
    paths,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether the record of a run proves itself. */
export const verified = (path: string | null) => verifyRunFile(createAuditFiles().read(path ?? ''));

/** Ids of live processes whose command line holds a text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const state = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
        return line.includes(text) && state !== 'Z' && Number(pid) !== process.pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}

export const payload = (one: Seen | undefined): { readonly tag: string; readonly val?: unknown } => {
  if (one?.error === undefined) throw new Error(`not refused: ${JSON.stringify(one)}`);
  return one.error;
};

/** `denied:REASON`, the tag of another error, or `ok`. */
export function verdictOf(one: Seen | undefined): string {
  if (one === undefined || one.thrown !== undefined) return `thrown: ${one?.thrown ?? 'nothing'}`;
  if (one.error === undefined) return 'ok';
  const { tag, val } = one.error;
  return tag === 'denied' ? `denied:${(val as { reason: string }).reason}` : tag; // the record `denial` of the WIT
}
