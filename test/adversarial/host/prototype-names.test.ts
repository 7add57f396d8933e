import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { listen, makeBed, makeWorld, verdictOf, verified, type Call, type Trap } from './host-bed.ts';

let world: AgentWorld;
let server: Trap;
afterEach(async () => {
  world.remove();
  await server.close();
});

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupSetter__',
  'isPrototypeOf',
  'then',
  'payload',
  'toJSON',
  'length',
  'name',
  'undefined',
  'null',
  'NaN',
  '0',
  '-0',
  '',
];

it('takes names of the host language for names, wherever a guest puts them', async () => {
  server = await listen();
  world = makeWorld({
    rows: [
      `p, agent:tester, http:*, ${server.url}/**, arg.query.x!=y, allow, -`,
      'p, agent:tester, fs:*, /workspace/**, -, allow, -',
      'p, agent:tester, db:*, db:main/*, -, allow, -',
      'p, agent:tester, tool:call, tool:print, arg.text!=secret, allow, -',
      'p, agent:tester, log:write, log:*, -, allow, log=full',
      'p, agent:tester, policy:check, policy:self, -, allow, -',
    ],
  });
  const before = [
    Object.getOwnPropertyNames(Object.prototype),
    Object.getOwnPropertyNames(Array.prototype),
    Object.getOwnPropertyNames(Function.prototype),
  ];
  const { see, host } = await makeBed(world);
  const get = (url: string, headers: [string, string][]) => ({
    method: 'get',
    url,
    headers,
    body: null,
    maxRedirects: null,
  });
  const calls = NAMES.flatMap((name): Call[] => [
    [
      'http.fetch',
      get(`${server.url}/${name}?${name}=1&${name}[${name}]=2&x[__proto__][polluted]=1`, [
        [name === '' ? 'x-empty' : name, name],
      ]),
    ],
    ['http.fetch', get(`http://${name}/`, [])],
    ['fs.write', `/workspace/${name}`, { bytes: name }],
    ['fs.read', `/workspace/${name}`, null],
    ['fs.makeDirectory', `/workspace/${name}/${name}`],
    ['fs.list', '/workspace', name],
    ['db.query', name, 'select 1', []],
    ['db.queryNamed', 'main', name, []],
    ['db.query', 'main', `select 1 as "${name}"`, []],
    ['db.query', 'main', 'select ?', [{ tag: 'text', val: name }]],
    ['db.begin', name],
    ['tools.call', name, '{}'],
    ['tools.call', 'print', JSON.stringify({ text: name })],
    ['tools.call', 'print', `{"text":"x","${name}":{"polluted":1}}`],
    ['tools.call', 'print', `{"${name}":{"text":"x"}}`],
    ['log.write', 'info', name],
    ['policy.check', [{ action: name, resource: name, arguments: `{"${name}":{"${name}":1}}` }]],
    ['policy.check', [{ action: `tool:${name}`, resource: `tool:${name}`, arguments: null }]],
    ['policy.check', [{ action: 'tool:call', resource: `tool:${name}`, arguments: `{"__proto__":{"text":"x"}}` }]],
    ['policy.check', [{ action: 'db:select', resource: `db:${name}/${name}`, arguments: null }]],
  ]);
  const seen = await see(calls);
  expect([
    Object.getOwnPropertyNames(Object.prototype),
    Object.getOwnPropertyNames(Array.prototype),
    Object.getOwnPropertyNames(Function.prototype),
  ]).toEqual(before);
  expect('polluted' in {}).toBe(false);
  const internal = seen
    .map(verdictOf)
    .map((verdict, at) => [verdict, JSON.stringify(calls[at])] as const)
    .filter(([verdict]) => verdict === 'internal');
  expect(internal).toEqual([]);
  expect(seen.map(verdictOf).filter((verdict) => verdict.startsWith('thrown'))).toEqual([]);
  expect(seen.filter(({ ok }) => ok !== undefined).length).toBeGreaterThan(100);
  expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
  expect(host.manifest.agents.has('__proto__')).toBe(false);
}, 60_000);

it('does the same work for ordinary names', async () => {
  server = await listen();
  world = makeWorld({
    rows: [
      `p, agent:tester, http:GET, ${server.url}/**, -, allow, -`,
      'p, agent:tester, fs:write, /workspace/x, -, allow, -',
    ],
  });
  const { see } = await makeBed(world);
  const seen = await see([
    [
      'http.fetch',
      { method: 'get', url: `${server.url}/x`, headers: [['x-name', 'x']], body: null, maxRedirects: null },
    ],
    ['fs.write', '/workspace/x', { bytes: 'x' }],
  ]);
  expect(seen.map(verdictOf)).toEqual(['ok', 'ok']);
});
