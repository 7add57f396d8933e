import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openHost } from '../../../host/index.ts';
import { CELLS } from '../../sandbox/support/cell.ts';
import { inlineGuest } from '../../support/inline-guest.ts';
import { CONFIDENTIAL, makeLabelWorld, type LabelWorld } from './label-world.ts';

const GUEST = (more: string, steps: string) => `
import * as fs from 'sallyport:agent/fs@0.1.0';
import * as http from 'sallyport:agent/http@0.1.0';
import * as tools from 'sallyport:agent/tool-exec@0.1.0';
import * as log from 'sallyport:agent/log@0.1.0';
${more}
const text = (bytes) => String.fromCharCode(...bytes);
const bytes = (text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));
const steps = {
  read: (path) => text(fs.read(path, undefined)),
  write: (path, content) => fs.write(path, bytes(content)),
  append: (path, content) => fs.append(path, bytes(content)),
  list: (path) => fs.list(path, undefined).entries.map(({ name }) => name),
  post: (url, content) => http.fetch({ method: 'post', url, headers: [], body: bytes(content), maxRedirects: undefined }).status,
  get: (url) => http.fetch({ method: 'get', url, headers: [], body: undefined, maxRedirects: undefined }).status,
  call: (tool, given) => tools.call(tool, JSON.stringify(given)),
  log: (line) => log.write('info', line),
  ${steps}
};
function perform([name, ...args]) {
  try {
    return { ok: steps[name](...args) ?? null };
  } catch (error) {
    return { error: error?.payload?.val?.reason ?? error?.payload?.tag ?? String(error) };
  }
}
export function run(input) {
  const { asked, fail } = JSON.parse(input);
  const seen = asked.map(perform);
  if (fail) throw JSON.stringify(seen);
  return JSON.stringify(seen, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
`;

let plain = '';
let withDatabase = '';
beforeAll(async () => {
  plain = await inlineGuest(GUEST('', ''));
  withDatabase = await inlineGuest(
    GUEST(
      `import * as db from 'sallyport:agent/db@0.1.0';`,
      `query: (name, sql) => db.query(name, sql, []).rows.map((row) => row.map(({ val }) => val)),
       execute: (name, sql) => db.execute(name, sql, []).rows,`,
    ),
  );
}, 300_000);

type Step = readonly unknown[];
interface Seen {
  readonly ok?: unknown;
  readonly error?: string;
}

let place: LabelWorld;
afterEach(() => place.world.remove());

const asked = (...steps: readonly Step[]) => ({ asked: steps });
async function see(...steps: readonly Step[]): Promise<{ seen: Seen[]; label: string | undefined }> {
  const { output, error, label } = await place.run(asked(...steps));
  expect(error).toBeUndefined();
  return { seen: JSON.parse(output ?? '') as Seen[], label };
}
const outcome = async (...steps: readonly Step[]): Promise<string[]> =>
  (await see(...steps)).seen.map(({ error }) => error ?? 'ok');
const post = (text = 'told'): Step => ['post', `${place.origin}/`, text];

describe.each(['thread', 'process'] as const)('L3: a database, in a cell of kind `%s`', (cell) => {
  const make = async (): Promise<void> => {
    place = await makeLabelWorld({
      cell,
      component: withDatabase,
      sections: ['databases: { main: { sqlite: main.db, access: rw }, copy: { sqlite: main.db, access: rw } }'],
      rows: ['p, role:any, db:*, db:**, -, allow, -'],
    });
    const database = new DatabaseSync(join(place.world.directory, 'main.db'));
    database.exec(`
      CREATE TABLE notes(text TEXT);
      CREATE TABLE log(text TEXT);
      CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (new.text); END;
      CREATE VIEW seen AS SELECT text FROM notes;
    `);
    database.close();
  };

  it('carries a label in rows, by triggers, views and its other name', { timeout: 240_000 }, async () => {
    await make();
    const free: Step = ['query', 'main', 'select count(*) from notes'];
    expect(await outcome(free, post())).toEqual(['ok', 'ok']);
    const told = `insert into notes values ('${CONFIDENTIAL}')`;
    expect(await outcome(['read', '/work/secret.txt'], ['execute', 'main', told], post())).toEqual([
      'ok',
      'ok',
      'no-rule',
    ]);
    for (const [name, table] of [
      ['copy', 'notes'],
      ['main', 'log'],
      ['copy', 'seen'],
    ]) {
      const { seen, label } = await see(['query', name, `select text from ${table ?? ''}`], post(CONFIDENTIAL));
      expect({ name, table, seen, label }).toEqual({
        ...{ name, table, label: 'confidential' },
        seen: [{ ok: [[CONFIDENTIAL]] }, { error: 'no-rule' }],
      });
    }
    expect(place.told()).toEqual(['/ told']);
  });
});

describe.each(CELLS)('L3: other agents, in cells of kind `%s`', (cell) => {
  const make = async (): Promise<void> => {
    place = await makeLabelWorld({
      cell,
      component: plain,
      sections: ['tools: { ask: { kind: component, description: asks, agent: helper } }'],
      rows: [
        'p, role:any, tool:call, tool:ask, -, allow, -',
        'p, role:any, log:write, log:*, label<=internal, allow, -',
      ],
    });
  };
  const ask = (steps: readonly Step[], fail = false): Step => [
    'call',
    'ask',
    { input: JSON.stringify({ ...asked(...steps), fail }) },
  ];

  it('take the label along with what they are asked, answer, and fail with', { timeout: 240_000 }, async () => {
    await make();
    place.world.write('agent.wasm', readFileSync(plain));
    expect(await outcome(ask([['read', '/work/open.txt']]), post())).toEqual(['ok', 'ok']);
    expect(await outcome(ask([['read', '/work/secret.txt']]), post(CONFIDENTIAL))).toEqual(['ok', 'no-rule']);
    const failing = await see(ask([['read', '/work/secret.txt']], true), post(CONFIDENTIAL));
    expect(failing.seen[1]).toEqual({ error: 'no-rule' });
    const below = await see(['read', '/work/secret.txt'], ask([post(CONFIDENTIAL)]));
    expect(JSON.stringify(below.seen[1])).toContain('no-rule');
    expect(place.told()).toEqual(['/ told']);
  });

  it('cannot be told by a line of the log, an address, a file, or its name', { timeout: 240_000 }, async () => {
    await make();
    const { seen } = await see(
      ['read', '/work/secret.txt'],
      ['log', CONFIDENTIAL],
      ['get', `${place.origin}/${CONFIDENTIAL}`],
      ['append', '/work/out/.keep', CONFIDENTIAL],
      ['append', '/work/open.txt', CONFIDENTIAL],
      ['write', `/work/${CONFIDENTIAL}`, ''],
    );
    expect(seen.map(({ error }) => error === undefined)).toEqual([true, false, false, false, true, true]);
    expect(await outcome(['read', '/work/open.txt'], post())).toEqual(['ok', 'no-rule']);
    expect(await outcome(['list', '/work'], post())).toEqual(['ok', 'no-rule']);
    expect(place.told()).toEqual([]);
    // The error that a run ends with goes to whoever started it, with its label.
    const { status, label } = await place.run({ ...asked(['read', '/work/secret.txt']), fail: true });
    expect({ status, label }).toEqual({ status: 'agent-error', label: 'confidential' });
  });
});

describe('L3: a program that mounts are shown to', () => {
  it('reads and writes for a run what that could not pass on itself', { timeout: 240_000 }, async () => {
    const one =
      '{ type: object, required: [text], properties: { text: { type: string } }, additionalProperties: false }';
    place = await makeLabelWorld({
      cell: 'thread',
      component: plain,
      sections: [
        `tools:
  cat: { description: shows, command: /bin/cat, arguments: ['--', '{text}'], mounts: [/work], schema: ${one} }
  keep: { description: keeps, command: /usr/bin/tee, arguments: [/work/kept.txt], stdin: text, mounts: ['/work rw'], schema: ${one} }`,
      ],
      rows: ['p, role:any, tool:call, tool:*, -, allow, -'],
    });
    const { seen } = await see(['call', 'cat', { text: '/work/secret.txt' }], post(CONFIDENTIAL));
    expect(JSON.stringify(seen[0])).toContain(CONFIDENTIAL);
    expect(seen[1]).toEqual({ error: 'no-rule' });
    expect(await outcome(['read', '/work/secret.txt'], ['call', 'keep', { text: CONFIDENTIAL }])).toEqual(['ok', 'ok']);
    const later = await see(['read', '/work/kept.txt'], post(CONFIDENTIAL));
    expect(later.seen).toEqual([{ ok: CONFIDENTIAL }, { error: 'no-rule' }]);
    expect(place.told()).toEqual([]);
  });
});

describe('L3: the label of a run', () => {
  it('outlives a policy that changes, and so does what was written along', { timeout: 240_000 }, async () => {
    place = await makeLabelWorld({ cell: 'thread', component: plain });
    const { world } = place;
    const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
    try {
      const run = async (...steps: readonly Step[]) => {
        const { output = '', label } = await host.run({
          agent: 'tester',
          component: plain,
          input: JSON.stringify(asked(...steps)),
        });
        return { seen: (JSON.parse(output) as Seen[]).map(({ error }) => error ?? 'ok'), label };
      };
      expect(await run(['read', '/work/secret.txt'], ['write', '/work/note.txt', 'x'])).toMatchObject({
        label: 'confidential',
      });
      world.write(
        'policy/policy.csv',
        [
          'p, role:any, fs:read, /work/**, -, allow, -',
          `p, role:any, http:*, ${place.origin}/**, label<=internal, allow, -`,
          '',
        ].join('\n'),
      );
      await host.reloadPolicy();
      expect(await run(['write', '/work/a', 'x'], ['read', '/work/note.txt'], post())).toEqual({
        seen: ['no-rule', 'ok', 'no-rule'],
        label: 'confidential',
      });
    } finally {
      await host.close();
    }
  });
});
