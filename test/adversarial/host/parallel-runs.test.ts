import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, tree, verdictOf, verified, type Call, type Seen } from './host-bed.ts';

const worlds: AgentWorld[] = [];
afterEach(() => worlds.splice(0).forEach((world) => world.remove()));

async function bed(rows: readonly string[]) {
  const world = makeWorld({ rows });
  worlds.push(world);
  return makeBed(world);
}

const CALLS: Call[] = [
  ['fs.read', '/workspace/open.txt', null],
  ['fs.write', '/workspace/mine', { bytes: 'x' }],
  ['db.query', 'main', 'select * from open', []],
  ['tools.call', 'print', '{"text":"x"}'],
  ['log.write', 'info', 'x'],
];

it('keeps the rules, files and records of hosts in one process apart, run by run', async () => {
  const reading = await bed([
    'p, agent:tester, fs:read, /workspace/**, -, allow, -',
    'p, agent:tester, db:select, db:main/*, -, allow, -',
  ]);
  const writing = await bed([
    'p, agent:tester, fs:write, /workspace/**, -, allow, -',
    'p, agent:tester, log:write, log:*, -, allow, -',
  ]);
  reading.world.write('workspace/open.txt', 'of the reader');
  writing.world.write('workspace/open.txt', 'of the writer');
  const logs = { reading: 0, writing: 0 };
  const runs = Array.from({ length: 10 }, (_, at) => {
    const [one, name] = at % 2 === 0 ? ([reading, 'reading'] as const) : ([writing, 'writing'] as const);
    return one.see(CALLS, { onLog: () => (logs[name] += 1) });
  });
  const seen = await Promise.all(runs);
  const expected = [
    ['ok', 'denied:no-rule', 'ok', 'denied:no-rule', 'denied:no-rule'],
    ['denied:no-rule', 'ok', 'denied:no-rule', 'denied:no-rule', 'ok'],
  ];
  expect(seen.map((one) => one.map(verdictOf))).toEqual(seen.map((_, at) => expected[at % 2]));
  expect(seen.filter((_, at) => at % 2 === 0).map(([read]: Seen[]) => read?.ok)).toEqual(
    Array.from({ length: 5 }, () => ({ bytes: 'of the reader' })),
  );
  expect(logs).toEqual({ reading: 0, writing: 5 });
  for (const { world } of [reading, writing]) {
    expect(world.records()).toHaveLength(5);
    expect(world.records().every((path) => verified(path).ok)).toBe(true);
  }
  expect(tree(reading.world.directory, '.sallyport')['workspace/mine']).toBeUndefined();
  expect(
    new Set(seen.flat().flatMap(({ error }) => (error === undefined ? [] : [JSON.stringify(error.val)]))).size,
  ).toBe(10 * 3);
}, 60_000);

it('gives two runs of one agent a record each, and one record ends where its run does', async () => {
  const { see, world } = await bed(['p, agent:tester, fs:*, /workspace/**, -, allow, -']);
  const many = Array.from({ length: 200 }, (_, at): Call => [
    'fs.append',
    '/workspace/shared',
    { bytes: `${at % 10}` },
  ]);
  const [one, other] = await Promise.all([see(many), see(many)]);
  expect([...one, ...other].map(verdictOf)).toEqual(Array.from({ length: 400 }, () => 'ok'));
  expect(tree(world.directory, '.sallyport')['workspace/shared']).toHaveLength(400);
  expect(world.records().map((path) => verified(path))).toMatchObject([
    { ok: true, records: 402 },
    { ok: true, records: 402 },
  ]);
}, 60_000);
