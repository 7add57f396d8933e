import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyExplanation } from '../../host/index.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { makeDatabase } from '../adversarial/host/host-bed.ts';
import { command } from '../support/command.ts';
import { greetingWorld, onlyJson, READ } from './greeting-world.ts';

const MORE = `purposes: [triage, audit]
tools:
  show:
    description: shows a file
    isolation: none
    command: /bin/echo
    arguments: ['{file}']
    schema: { type: object, properties: { file: { type: string } }, additionalProperties: false }
databases: { main: { sqlite: main.sqlite, access: ro } }
`;

let world: AgentWorld | undefined;
afterEach(() => world?.remove());

/** Explains one action under these rows, as text and as JSON. */
async function explain(rows: readonly string[], ...args: readonly string[]) {
  world?.remove();
  world = greetingWorld({ rows, more: MORE });
  makeDatabase(join(world.directory, 'main.sqlite'));
  const at = { cwd: world.directory };
  const human = await command(['policy', 'explain', ...args], at);
  const machine = await command(['policy', 'explain', ...args, '--json'], at);
  expect(machine.code).toBe(human.code);
  return { ...human, json: onlyJson(machine.stdout) as PolicyExplanation };
}

describe('policy explain', () => {
  it('of what a row allows names the row', async () => {
    const { code, stdout, json } = await explain([READ], 'fs:read', '/workspace/greeting.txt');
    expect(code).toBe(0);
    expect(stdout).toContain('allow fs:read /workspace/greeting.txt for agent:tester\n');
    expect(stdout).toMatch(new RegExp(`matched .*policy\\.csv:1: ${READ}`));
    expect(json).toMatchObject({ effect: 'allow', matched: [{ line: 1, row: READ }] });
    expect(json).not.toHaveProperty('rowToAdd');
  });

  it.each([
    ['fs:read', '/workspace/a, b.txt'],
    ['http:GET', 'https://api.example.com/v1/orders'],
    ['log:write', 'log:warn'],
    ['tool:call', 'tool:show', '--arguments', '{"file":"a b"}'],
    ['http:GET', 'https://api.example.com/v1/orders?state=open&state=late'],
    ['db:select', 'db:main/orders', '--arguments', '{"columns":["id","state"]}'],
    ['policy:check', 'policy:self'],
  ])('of what no row allows shows the row that does: %s %s', async (...args) => {
    const { code, json, stdout } = await explain([], ...args);
    expect([code, json.effect, json.reason]).toEqual([2, 'deny', 'no-rule']);
    expect(stdout).toContain(`  to allow it, add: ${json.rowToAdd ?? ''}`);
    expect(await explain([json.rowToAdd ?? ''], ...args)).toMatchObject({ code: 0, json: { effect: 'allow' } });
  });

  it('of a tool keeps the row to the arguments that were asked about', async () => {
    const args = ['tool:call', 'tool:show', '--arguments'];
    const { json } = await explain([], ...args, '{"file":"a"}');
    expect(json.rowToAdd).toContain(', arg.file=a, ');
    expect((await explain([json.rowToAdd ?? ''], ...args, '{"file":"b"}')).code).toBe(2);
  });

  it('of a request for other columns, another query or another agent is denied with that row', async () => {
    const columns = ['db:select', 'db:main/orders', '--arguments'];
    const { json } = await explain([], ...columns, '{"columns":["id","state"]}');
    expect((await explain([json.rowToAdd ?? ''], ...columns, '{"columns":["id","email"]}')).code).toBe(2);
    const query = await explain([], 'http:GET', 'https://h.example/v1?q=1');
    expect((await explain([query.json.rowToAdd ?? ''], 'http:GET', 'https://h.example/v1?q=2')).code).toBe(2);
  });

  it('of a path that no mount shows says so', async () => {
    const { stdout } = await explain([], 'fs:read', '/elsewhere/a');
    expect(stdout).toContain('no mount of the configuration shows this path');
  });

  it('of what a row denies names it, and says that no row helps', async () => {
    const deny = 'p, role:any, fs:*, /workspace/**, -, deny, -';
    const { code, stdout, json } = await explain([READ, deny], 'fs:read', '/workspace/greeting.txt');
    expect(code).toBe(2);
    expect(json).toMatchObject({ effect: 'deny', reason: 'forbidden-by-rule', matched: [{ line: 1 }, { line: 2 }] });
    expect(json).not.toHaveProperty('rowToAdd');
    expect(stdout).toContain('line 2 denies it');
  });

  it('of a protected file says that the host protects it, and what lifts that', async () => {
    const wide = 'p, role:any, fs:read, /workspace/**, -, allow, -';
    const { code, stdout, json } = await explain([wide], 'fs:read', '/workspace/.env');
    expect([code, json.reason]).toEqual([2, 'protected-resource']);
    expect(stdout).toContain('the host protects this resource');
    expect(json.rowToAdd).toBe('p, agent:tester, fs:read, /workspace/.env, -, allow, -');
    expect((await explain([json.rowToAdd ?? ''], 'fs:read', '/workspace/.env')).code).toBe(0);
  });

  it('of a condition that cannot be decided shows the clause that cannot', async () => {
    const row = 'p, role:any, fs:read, /workspace/**, purpose=triage, allow, -';
    const asked = ['fs:read', '/workspace/greeting.txt'];
    const { code, json, stdout } = await explain([row], ...asked);
    expect([code, json.reason]).toEqual([2, 'no-rule']);
    expect(stdout).toContain('nearly');
    expect(json.near).toMatchObject([
      { line: 1, differs: 'condition', note: '`purpose=triage` cannot be decided: the run has no purpose' },
    ]);
    expect((await explain([row], ...asked, '--purpose', 'triage')).code).toBe(0);
    expect((await explain([row], ...asked, '--purpose', 'audit')).json.near).toMatchObject([
      { note: '`purpose=triage` is false: the purpose is `audit`' },
    ]);
  });

  it.each([
    ['--purpose', 'triaje', 'the purpose `triaje` is not declared; did you mean `triage`?'],
    ['--on-behalf-of', 'ada', '`ada` is not a user: write `user:NAME`'],
    ['--on-behalf-of', 'group:desk', '`group:desk` is not a user'],
  ])('of a run that could not start says so: %s %s', async (flag, value, says) => {
    world = greetingWorld({ rows: [READ], more: MORE });
    makeDatabase(join(world.directory, 'main.sqlite'));
    const asked = ['policy', 'explain', 'fs:read', '/workspace/greeting.txt', flag, value];
    const { code, stderr } = await command(asked, { cwd: world.directory });
    expect([code, stderr]).toEqual([64, expect.stringContaining(says)]);
  });

  it('decides at the time that was asked about', async () => {
    const row = 'p, role:any, fs:read, /workspace/**, hours(08-19 UTC), allow, -';
    const asked = ['fs:read', '/workspace/greeting.txt', '--at'];
    expect((await explain([row], ...asked, '2026-03-02T11:00:00Z')).code).toBe(0);
    expect((await explain([row], ...asked, '2026-03-02T23:00:00+01:00')).code).toBe(2);
  });

  it.each([
    ['HTTPS://API.Example.COM:443/a/../v1?q=1', 'https://api.example.com/v1'],
    ['http://0x7f.1/x', 'http://127.0.0.1/x'],
    ['https://api.example.com./%76%31', 'https://api.example.com/v1'],
  ])('speaks of the canonical form of %s', async (spelling, canonical) => {
    const row = `p, role:any, http:GET, ${canonical}, -, allow, -`;
    const { code, json } = await explain([row], 'http:GET', spelling);
    expect([code, json.resource]).toEqual([0, canonical]);
  });

  it.each([
    [['fs:raed', '/workspace/a'], 'fs:raed'],
    [['gpu:use', 'gpu:0'], 'there is no gate for it'],
    [['fs:read', 'workspace/a'], 'is not something that a gate asks'],
    [['fs:read'], 'missing required argument'],
    [['fs:read', '/workspace/a', '--at', 'noon'], '--at: expected a time as in `2026-03-02T11:00:00Z`'],
    [['fs:read', '/workspace/a', '--arguments', '['], 'the arguments are not JSON'],
    [['fs:read', '/workspace/a', '--agent', 'nobody'], 'no agent `nobody`'],
  ])('ends with 64 for %j', async (args, says) => {
    const { code, stdout, stderr, json } = await explain([], ...args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(says);
    expect(json).toMatchObject({ error: { code: 'ERR_USAGE' } });
  });
});
