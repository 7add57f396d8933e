import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verdictOf, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = (port: number) => [
  'p, role:any, fs:*, /workspace/closed, -, deny, -',
  'p, role:any, fs:*, /workspace/closed/**, -, deny, -',
  'p, agent:tester, fs:*, /workspace/**, -, allow, -',
  'p, role:any, db:*, db:main/closed, -, deny, -',
  'p, agent:tester, db:*, db:main/*, -, allow, -',
  'p, agent:tester, db:*, db:broken/*, -, allow, -',
  'p, agent:tester, tool:call, tool:*, -, allow, -',
  'p, agent:tester, log:write, log:info, -, allow, -',
  'p, agent:tester, policy:check, policy:self, -, allow, -',
  `p, agent:tester, http:*, http://127.0.0.1:${port}/**, -, allow, -`,
  'p, agent:tester, http:*, http://*.invalid/**, -, allow, -',
  'p, agent:tester, http:*, https://localhost:9/**, -, allow, -',
];

it('shows a guest nothing of the host, its folders, its code or its rules, whatever fails', async () => {
  const server = createTcp((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 999 /home/x\r\nbroken header\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number }; // it listens on TCP
  world = makeWorld({
    rows: ROWS(port),
    agent: ', env: { HOME: /virtual }',
  });
  const workspace = join(world.directory, 'workspace');
  symlinkSync(join(world.directory, 'outside.txt'), join(workspace, 'link'));
  writeFileSync(join(workspace, 'no-access'), 'x', { mode: 0 });
  const { see } = await makeBed(world);
  const file = (name: string): Call[] => [
    ['fs.read', name, null],
    ['fs.read', name, { offset: 2 ** 53, length: 2 ** 53 }],
    ['fs.write', name, { bytes: 'x' }],
    ['fs.append', name, { bytes: 'x' }],
    ['fs.list', name, null],
    ['fs.list', name, '../../x'],
    ['fs.stat', name],
    ['fs.makeDirectory', name],
    ['fs.rename', name, '/workspace/closed/x'],
    ['fs.rename', name, name],
    ['fs.remove', name],
  ];
  const sql = (database: string, text: string): Call[] => [
    ['db.query', database, text, []],
    ['db.execute', database, text, []],
  ];
  const get = (url: string, more = {}): Call => [
    'http.fetch',
    { method: 'get', url, headers: [], body: null, maxRedirects: null, ...more },
  ];
  const calls: Call[] = [
    ...[
      '/workspace',
      '/workspace/link',
      '/workspace/no-access',
      '/workspace/closed/secret.txt',
      '/workspace/closed',
      '/workspace/x/y',
      '/elsewhere',
      'x',
      '/workspace/\u0000',
      `/workspace/${'n'.repeat(255)}`,
    ].flatMap(file),
    ...[
      'select',
      'select * from closed',
      'select * from nothing',
      'insert into open values (1, 2)',
      'insert into open values (1, 2, 3)',
      'drop table open',
      "select load_extension('x')",
      'pragma x',
      'attach x',
      'select zeroblob(999999999)',
      'select ?',
    ].flatMap((text) => sql('main', text)),
    ...sql('nothing', 'select 1'),
    ...[
      '{}',
      '[]',
      'null',
      '',
      '{"text":1}',
      '{"text":"x","more":1}',
      '{"text":"\\u0000"}',
      `{"text":"${'x'.repeat(500)}"}`,
      '{"text":"x","text":"y"}',
    ].map((text): Call => ['tools.call', 'print', text]),
    ['tools.call', 'nothing', '{}'],
    ['tools.call', 'broken', '{}'],
    get(`http://127.0.0.1:${port}/`),
    get('http://x.invalid/'),
    get('https://localhost:9/'),
    get('http://127.0.0.1:1/'),
    get('x:'),
    get('http://user:x@127.0.0.1/'),
    get(`http://127.0.0.1:${port}/`, { headers: [['host', 'x']] }),
    get(`http://127.0.0.1:${port}/`, { headers: [['x', 'a\r\nb']] }),
    get(`http://127.0.0.1:${port}/`, { body: { size: 20_000_000 } }),
    ['log.write', 'info', { repeat: 'x', times: 100_000 }],
    ['log.write', 'debug', 'x'],
    [
      'policy.check',
      [
        { action: 'fs:read', resource: '/workspace/closed/x', arguments: null },
        { action: '', resource: '', arguments: 'x' },
      ],
    ],
    ['tools.list'],
  ];
  const seen = await see(calls);
  server.close();
  const text = JSON.stringify(seen);
  const where = (word: RegExp): string => word.exec(text)?.[0] ?? '';
  expect(where(/.{80}sallyport-world.{80}/)).toBe('');
  expect(where(/.{80}(node_modules|\/work\/|\.ts\b|\.js:|file:\/\/|\/tmp\/|\/usr\/bin|\/proc\/).{80}/)).toBe('');
  expect(where(/.{80}\bat [\w.<>]+ \(.{80}/)).toBe('');
  expect(where(/.{80}(role:any|agent:tester|policy\.csv|p-[0-9a-f]{10}|E[A-Z]{4,}:|errno).{80}/)).toBe('');
  expect(where(/.{80}secret.{80}/)).toBe('');
  const verdicts = new Set(seen.map(verdictOf));
  expect([...verdicts].filter((verdict) => verdict === 'internal')).toEqual([]);
  expect(verdicts.size).toBeGreaterThan(10);
}, 60_000);

it('shows what the rules allow', async () => {
  world = makeWorld({ rows: ROWS(1) });
  const { see } = await makeBed(world);
  const [read] = await see([['fs.read', '/workspace/open.txt', null]]);
  expect(read?.ok).toEqual({ bytes: 'open' });
});
