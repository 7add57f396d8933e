import { DatabaseSync } from 'node:sqlite';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpServer, type LoopbackServer } from '../gates/http/loopback.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** Reads a report and customers, and sends both outside. */
const GUEST = `
import { fetch } from 'sallyport:agent/http@0.1.0';
import { query } from 'sallyport:agent/db@0.1.0';
import { read, write } from 'sallyport:agent/fs@0.1.0';

const text = (bytes) => String.fromCharCode(...bytes);
const bytes = (text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));
const failing = (call) => { try { call(); return 'succeeded'; } catch (error) { return (error.payload ?? error).tag; } };

export function run(origin) {
  const get = (path) => fetch({ method: 'get', url: origin + path, headers: [], body: undefined, maxRedirects: undefined });
  const post = (body) => fetch({ method: 'post', url: origin + '/out', headers: [['content-type', 'application/json']], body: bytes(body), maxRedirects: undefined });
  const seen = {};
  seen.answer = text(get('/report').body);
  seen.rows = query('main', 'select id, name, email as contact from customers', []).rows.map((row) => row.map(({ val }) => String(val)));
  seen.file = text(read('/workspace/notes.txt', undefined));
  seen.posted = post(JSON.stringify({ to: 'eve@example.org', card: 4111111111111111, note: seen.file })).status;
  write('/workspace/copy.txt', bytes('ask bob@example.com'));
  seen.url = failing(() => get('/report?for=ada@example.com'));
  return JSON.stringify(seen);
}
`;

const CONFIGURATION = `version: 1
agents: { tester: { component: agent.wasm } }
mounts: { /workspace: { directory: workspace, access: rw } }
databases: { main: { sqlite: main.db } }
detectors:
  personal: { columns: [customers.email] }
  project: { valuesFrom: projects.txt }
`;

let world: AgentWorld;
let server: LoopbackServer;
beforeEach(async () => {
  server = await httpServer((response, _incoming, { target }) => {
    response.setHeader('content-type', 'text/plain');
    response.end(target === '/report' ? 'by ada@example.com for Bluebird' : 'thanks');
  });
});
afterEach(() => world.remove());

function makeWorld(then: string): AgentWorld {
  const made = makeAgentWorld({
    configuration: CONFIGURATION,
    rows: [
      `p, agent:tester, http:*, ${server.origin}/**, -, allow, ${then}`,
      `p, agent:tester, fs:*, /workspace/**, -, allow, ${then}`,
      `p, agent:tester, db:select, db:main/*, -, allow, ${then}`,
    ],
  });
  made.write('workspace/notes.txt', 'Bluebird: call ada@example.com');
  made.write('projects.txt', 'Bluebird\n');
  const database = new DatabaseSync(join(made.directory, 'main.db'));
  database.exec(
    "create table customers(id integer, name text, email text); insert into customers values (1, 'Ada', 'ada at home')",
  );
  database.close();
  return made;
}

async function run() {
  writeFileSync(join(world.directory, 'agent.wasm'), readFileSync(await inlineGuest(GUEST)));
  const { code, stdout, stderr } = await command(['run', '--input', server.origin], { cwd: world.directory });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const masked = () =>
  world
    .lastRecords()
    .map((record) => (record as { outcome?: { discharged?: { redact?: unknown } } }).outcome?.discharged?.redact)
    .filter((counts) => counts !== undefined);

describe('an agent under `redact`', () => {
  it('sees and sends nothing of what the detectors find, and the record says how much', async () => {
    world = makeWorld('redact=email|card|personal|project');
    expect(await run()).toEqual({
      answer: 'by [redacted:email] for [redacted:project]',
      rows: [['1', 'Ada', '[redacted:personal]']],
      file: '[redacted:project]: call [redacted:email]',
      posted: 200,
      url: 'denied',
    });
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST' });
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toEqual({
      to: '[redacted:email]',
      card: '[redacted:card]',
      note: '[redacted:project]: call [redacted:email]',
    });
    expect(readFileSync(join(world.directory, 'workspace/copy.txt'), 'utf8')).toBe('ask [redacted:email]');
    expect(masked()).toEqual([
      { email: 1, project: 1 },
      { personal: 1 },
      { email: 1, project: 1 },
      { card: 1, email: 1 },
      { email: 1 },
    ]);
    expect(readFileSync(world.records().at(-1) ?? '', 'utf8')).not.toMatch(/ada@|bob@|eve@|4111/);
  });

  it('sees and sends it all without', async () => {
    world = makeWorld('-');
    expect(await run()).toMatchObject({ answer: 'by ada@example.com for Bluebird', url: 'succeeded' });
    expect(readFileSync(join(world.directory, 'workspace/copy.txt'), 'utf8')).toBe('ask bob@example.com');
    expect(masked()).toEqual([]);
  });

  it('has no payload in the record that must be masked', async () => {
    world = makeWorld('redact=email|card|personal|project log=full');
    await run();
    const records = readFileSync(world.records().at(-1) ?? '', 'utf8');
    expect(records).toContain('[redacted:card]');
    expect(records).not.toMatch(/eve@|bob@|4111/);
  });

  it.each([
    ['an unknown detector', 'redact=emial', '', 'unknown detector `emial`'],
    ['a built-in name', 'redact=email', '  email: { values: [abcd] }\n', '`email` is built in'],
    ['a short value', 'redact=email', '  mine: { values: [abc] }\n', 'shorter than 4 bytes'],
    ['a missing file', 'redact=email', '  mine: { valuesFrom: nowhere.txt }\n', 'is not a file that can be read'],
    ['nothing to find', 'redact=email', '  mine: {}\n', 'finds nothing'],
    ['a bad column', 'redact=email', '  mine: { columns: [a.b.c] }\n', 'is not `TABLE.COLUMN`'],
    ['an unknown key', 'redact=email', '  mine: { value: [abcd] }\n', 'value'],
  ])('does not start with %s', async (_, then, detectors, message) => {
    world = makeWorld(then);
    const file = join(world.directory, 'sallyport.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('detectors:\n', `detectors:\n${detectors}`));
    const { code, stderr } = await command(['run', '--input', 'x'], { cwd: world.directory });
    expect(code).toBe(3);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('abcd');
  });
});
