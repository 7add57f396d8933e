import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { HINTS } from '../../host/contracts/denial.ts';
import { openHost, type DecisionEvent, type DenialHelp, type Host } from '../../host/index.ts';
import { makeDatabase, makeWorld, puppet, type Call, type Seen } from '../adversarial/host/host-bed.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';

let world: AgentWorld | undefined;
afterEach(() => world?.remove());

interface Denied {
  readonly seen: readonly Seen[];
  readonly helps: readonly DenialHelp[];
  readonly events: readonly DecisionEvent[];
}

/** Runs calls under these rows: what the guest saw, and what the operator may read of each denial. */
async function attempt(rows: readonly string[], calls: readonly Call[]): Promise<Denied> {
  world?.remove();
  world = makeWorld({ rows });
  makeDatabase(join(world.directory, 'orders.sqlite'));
  const host: Host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  const events: DecisionEvent[] = [];
  const helps: DenialHelp[] = [];
  const result = await host.run({
    component: await puppet(),
    input: JSON.stringify({ calls }),
    onDecision(event, agent) {
      events.push(event);
      helps.push(host.help(agent, event));
    },
  });
  if (result.output === undefined) throw new Error(JSON.stringify(result));
  return { seen: JSON.parse(result.output) as Seen[], helps, events }; // the shape that the puppet writes
}

const GET = (url: string): Call => ['http.fetch', { method: 'get', url, headers: [] }];
const QUERY = (sql: string): Call => ['db.query', 'main', sql, []];
const ROW = (row: string): string => `p, agent:tester, ${row}`;

describe('what the operator reads of a denial', () => {
  it.each<[string, Call]>([
    ['fs', ['fs.read', '/workspace/open.txt', null]],
    ['fs, with two names', ['fs.rename', '/workspace/open.txt', '/workspace/other.txt']],
    ['db, with two tables', QUERY('select o.text, c.text from open o join closed c on c.id = o.id')],
    ['tool', ['tools.call', 'print', '{"text":"a b, c"}']],
    ['log', ['log.write', 'info', 'hello']],
    ['policy', ['policy.check', []]],
  ])('of %s that no row allows are the rows that allow it, all that are needed', async (_, call) => {
    const { seen, helps } = await attempt([], [call]);
    expect(seen[0]?.error).toMatchObject({ tag: 'denied', val: { reason: 'no-rule' } });
    const rows = helps[0]?.rowsToAdd ?? [];
    expect(rows.length).toBeGreaterThan(0);
    const after = await attempt(rows, [call]);
    expect([after.seen[0]?.error, after.seen[0]?.thrown]).toEqual([undefined, undefined]);
    expect(after.events).toEqual([]);
  });

  it('of columns is a row for these columns and no other', async () => {
    const { helps } = await attempt([], [QUERY('select text from closed')]);
    const rows = helps[0]?.rowsToAdd ?? [];
    expect(rows).toEqual([ROW('db:select, db:main/closed, arg.columns=text, allow, -')]);
    const { seen } = await attempt(rows, [QUERY('select text from closed'), QUERY('select id, text from closed')]);
    expect(seen.map((one) => one.error?.tag)).toEqual([undefined, 'denied']);
  });

  it('of http is the row for this method, host, path and query, and each redirect is asked about by itself', async () => {
    const { helps } = await attempt([], [GET('http://127.0.0.1:9/a?q=1')]);
    expect(helps[0]?.rowsToAdd).toEqual([ROW('http:GET, http://127.0.0.1:9/a, arg.query.q=1, allow, -')]);
  });

  it('names the row that nearly allows it, and the part that does not fit', async () => {
    const rows = [
      ROW('fs:read, /workspace/open.md, -, allow, -'),
      ROW('tool:call, tool:print, arg.text=a|b, allow, -'),
    ];
    const { helps } = await attempt(rows, [
      ['fs.read', '/workspace/open.txt', null],
      ['tools.call', 'print', '{"text":"c"}'],
    ]);
    expect(helps.map(({ nearest }) => [nearest?.line, nearest?.differs, nearest?.note])).toEqual([
      [1, 'resource', 'segment 2 is `open.txt`, the row has `open.md`'],
      [2, 'condition', '`arg.text=a|b` is false: `arg.text` is `c`'],
    ]);
  });

  it('of a deny row is the row, and the clause that it could not decide', async () => {
    const deny = 'p, role:any, fs:read, /workspace/**, purpose=work, deny, -';
    const { helps, seen } = await attempt(
      [ROW('fs:read, /workspace/**, -, allow, -'), deny],
      [['fs.read', '/workspace/open.txt', null]],
    );
    expect(seen[0]?.error).toMatchObject({ val: { reason: 'forbidden-by-rule' } });
    expect(helps[0]?.rules.map(({ line }) => line)).toEqual([1, 2]);
    expect(helps[0]?.rowsToAdd).toEqual([]);
    expect(helps[0]?.notes.join()).toContain('`purpose=work` cannot be decided: the run has no purpose');
  });

  it('of a protected file is the row that names it, and it works', async () => {
    const wide = ROW('fs:*, /workspace/**, -, allow, -');
    const call: Call = ['fs.write', '/workspace/.env', { bytes: 'x' }];
    const { helps, seen } = await attempt([wide], [call]);
    expect(seen[0]?.error).toMatchObject({ val: { reason: 'protected-resource' } });
    const rows = helps[0]?.rowsToAdd ?? [];
    expect(rows).toEqual([ROW('fs:write, /workspace/.env, -, allow, -')]);
    expect((await attempt([wide, ...rows], [call])).events).toEqual([]);
  });

  it('of an obligation that the gate cannot do is the row that asks for it', async () => {
    const { helps, seen } = await attempt(
      [ROW('fs:read, /workspace/**, -, allow, rows=5')],
      [['fs.read', '/workspace/open.txt', null]],
    );
    expect(seen[0]?.error).toMatchObject({ val: { reason: 'unsupported-obligation' } });
    expect(helps[0]).toMatchObject({ rules: [{ line: 1 }], rowsToAdd: [] });
    expect(helps[0]?.notes[0]).toContain('asks for `rows`, which the gate of `fs:read` cannot do');
  });

  it('of an address that may not be reached is the address, its range and what opens it', async () => {
    const row = ROW('http:GET, http://**/**, -, allow, -');
    const { helps, seen } = await attempt(
      [row.replace('http://**/**', 'http://*.localhost:9/**')],
      [GET('http://a.localhost:9/x')],
    );
    const reason = (seen[0]?.error?.val as { reason?: string } | undefined)?.reason;
    // Where the machine's resolver knows no such name, nothing is denied.
    if (seen[0]?.error?.tag === 'denied') {
      expect(reason).toBe('address-forbidden');
      expect(helps[0]?.notes[0]).toMatch(/the name leads to `(?:127\.0\.0\.1|::1)` \(loopback\): if that is meant/);
    } else expect(seen[0]?.error?.tag).toBe('name-not-resolved');
  });

  it('of a request without a form is what is wrong with it', async () => {
    const { helps } = await attempt([], [['fs.read', '/workspace/../etc/passwd', null], GET('ftp://h.test/')]);
    expect(helps.map(({ notes }) => notes[0])).toEqual([
      expect.stringContaining('has a segment `.` or `..`'),
      expect.stringMatching(/the request has no form that can be decided on: .+no row can allow it/),
    ]);
  });

  it('is printed by run, each different denial once, and escaped', async () => {
    world = makeWorld({ rows: [ROW('fs:read, /workspace/open.md, -, allow, -')] });
    const calls: Call[] = [
      ['fs.read', '/workspace/open.txt', null],
      ['fs.read', '/workspace/open.txt', null],
      ['fs.read', '/workspace/\u202e', null],
    ];
    const { stderr } = await command(['run', await puppet(), '--input', JSON.stringify({ calls })], {
      cwd: world.directory,
    });
    expect(stderr.match(/^denied fs:read \/workspace\/open\.txt \(no-rule, /gm)).toHaveLength(2);
    expect(
      stderr.match(/^ {2}to allow it, add: p, agent:tester, fs:read, \/workspace\/open\.txt, -, allow, -$/gm),
    ).toHaveLength(1);
    expect(stderr).toMatch(
      /^ {2}nearly {2}\S+policy\.csv:1: p, agent:tester, .* {2}-- segment 2 is `open\.txt`, the row has `open\.md`$/m,
    );
    expect(stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  });
});

describe('what the guest reads of a denial', () => {
  it('is the reason, the decision and a fixed hint, whatever the operator reads', async () => {
    const secret = 'p, role:any, fs:read, /workspace/secret-name-of-a-rule/**, purpose=work, deny, -';
    const { seen, events, helps } = await attempt(
      [
        secret,
        ROW('fs:read, /workspace/open.md, arg.offset=7, allow, -'),
        ROW('log:write, log:info, -, allow, rows=5'),
      ],
      [
        ['fs.read', '/workspace/open.txt', null],
        ['fs.read', '/workspace/secret-name-of-a-rule/x', null],
        ['fs.write', '/workspace/.env', { bytes: 'x' }],
        QUERY('select text from closed'),
        ['tools.call', 'print', '{"text":"x"}'],
        ['log.write', 'info', 'x'],
        GET('http://127.0.0.1:9/'),
      ],
    );
    expect(helps.flatMap(({ rowsToAdd, rules, notes }) => [...rowsToAdd, ...rules, ...notes]).length).toBeGreaterThan(
      6,
    );
    for (const [index, { error }] of seen.entries()) {
      const { reason = 'no-rule', id } = events[index] ?? {};
      expect(error).toEqual({ tag: 'denied', val: { decision: id, reason, hint: HINTS[reason], retryAfterMs: null } });
    }
    const told = JSON.stringify(seen);
    for (const never of [
      'policy.csv',
      'role:',
      'agent:',
      'open.md',
      'secret-name',
      'p, ',
      world?.directory ?? '',
      'rows=',
    ])
      expect(told).not.toContain(never);
    // The record has the same, and no advice.
    const record = readFileSync(world?.records().at(-1) ?? '', 'utf8');
    expect(record).not.toContain('to allow it');
  });
});
