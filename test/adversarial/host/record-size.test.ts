import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = (log: string) => [
  `p, agent:tester, fs:*, /workspace/**, -, allow, ${log}`,
  `p, agent:tester, db:*, db:main/*, -, allow, ${log}`,
  `p, agent:tester, tool:call, tool:print, -, allow, ${log}`,
  `p, agent:tester, log:write, log:*, -, allow, ${log}`,
  'p, agent:tester, policy:check, policy:self, -, allow, -',
];

const MOST = 64 * 1024;

it.for(['-', 'log=full'])('no record grows with what a guest sends (%s)', async (log) => {
  world = makeWorld({ rows: ROWS(log) });
  const { see } = await makeBed(world);
  const long = { repeat: 'x', times: 2_000_000 };
  const path = { repeat: '/workspace/aaaaaaaaaa', times: 100 };
  const get = {
    method: 'get',
    url: { repeat: 'http://x/', times: 100_000 },
    headers: [],
    body: null,
    maxRedirects: null,
  };
  const calls: Call[] = [
    ['fs.read', long, null],
    ['fs.read', path, null],
    ['fs.write', '/workspace/a', { size: 2_000_000 }],
    ['fs.list', '/workspace', long],
    ['http.fetch', get],
    [
      'http.fetch',
      { ...get, url: 'http://x/', headers: Array.from({ length: 1000 }, (_, at) => [`x-${at}`, 'y'.repeat(100)]) },
    ],
    ['db.query', 'main', long, []],
    ['db.query', long, 'select 1', []],
    ['db.queryNamed', 'main', long, []],
    ['db.query', 'main', 'select ?', [{ tag: 'text', val: long }]],
    ['db.query', 'main', `select ${Array.from({ length: 400 }, (_, at) => `text as a${at}`).join()} from open`, []],
    ['tools.call', long, '{}'],
    ['tools.call', 'print', long],
    ['tools.call', 'print', `{"text":"${'x'.repeat(200)}"}`],
    ['log.write', 'info', { repeat: '\n', times: 4096 }],
    ['policy.check', [{ action: long, resource: long, arguments: long }]],
  ];
  await see(calls);
  const lines = readFileSync(world.records().at(-1) ?? '', 'utf8').split('\n');
  const longest = Math.max(...lines.map((line) => line.length));
  expect(lines.filter((line) => line.length > 8192).map((line) => `${line.length}: ${line.slice(0, 100)}`)).toEqual([]);
  expect(longest).toBeLessThan(MOST);
  expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
});
