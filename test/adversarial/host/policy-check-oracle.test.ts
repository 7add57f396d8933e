import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { listen, makeBed, makeWorld, verdictOf, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const METHODS = {
  read: 'fs:read',
  stat: 'fs:stat',
  list: 'fs:list',
  remove: 'fs:remove',
  makeDirectory: 'fs:create',
} as const;
type Method = keyof typeof METHODS;

const segment = fc.constantFrom(
  'open.txt',
  'closed',
  'secret.txt',
  'x',
  'y',
  '.env',
  '..',
  '.',
  '',
  'a b',
  'é',
  '%2e',
  '*',
  'X',
);
const path = fc.array(segment, { minLength: 0, maxLength: 4 }).map((parts) => ['/workspace', ...parts].join('/'));

/** What a check of the same intention must say. */
const verdictFor = (verdict: string): string => (/^(denied|invalid|unknown)/.test(verdict) ? 'deny' : 'allow');

it('answers what an attempt gets, for any action and resource', async () => {
  const server = await listen();
  const labels = ['debug', 'info', 'warn', 'error'];
  world = makeWorld({
    rows: [
      'p, role:any, fs:*, /workspace/**/.env, -, deny, -',
      'p, role:any, fs:*, /workspace/closed/**, -, deny, -',
      'p, agent:tester, fs:read, /workspace/**, -, allow, -',
      'p, agent:tester, fs:stat, /workspace/*/*, -, allow, -',
      'p, agent:tester, fs:list, /workspace/x/**, -, allow, -',
      'p, agent:tester, fs:list, /workspace, -, allow, rows=5',
      `p, agent:tester, http:GET, ${server.url}/a/**, arg.query.k=v, allow, -`,
      `p, role:any, http:*, ${server.url}/a/b, -, deny, -`,
      'p, agent:tester, tool:call, tool:print, arg.text=x, allow, -',
      'p, agent:tester, log:write, log:info, -, allow, -',
      'p, agent:tester, policy:check, policy:self, -, allow, -',
    ],
  });
  const { see } = await makeBed(world);
  const files = fc.sample(fc.tuple(fc.constantFrom<Method>('read', 'stat', 'list', 'remove', 'makeDirectory'), path), {
    numRuns: 300,
    seed: 7,
  });
  const urls = fc
    .sample(
      fc.tuple(
        fc.array(fc.constantFrom('a', 'b', 'c', '..', '%2e', '%2F', ''), { maxLength: 4 }),
        fc.constantFrom('', '?k=v', '?k=w', '?k=v&k=w', '?K=v', '?k=%76'),
      ),
      { numRuns: 120, seed: 7 },
    )
    .map(([parts, query]) => `${server.url}/${parts.join('/')}${query}`);
  const tools = ['x', 'y', '', 'X', 'x '].map((text) => JSON.stringify({ text }));

  const plan: { intention: { action: string; resource: string; arguments: string | null }; call: Call }[] = [
    ...files.map(([method, name]) => ({
      intention: { action: METHODS[method], resource: name, arguments: null },
      call: [`fs.${method}`, name, null] as Call,
    })),
    ...urls.map((url) => ({
      intention: { action: 'http:GET', resource: url, arguments: null },
      call: ['http.fetch', { method: 'get', url, headers: [], body: null, maxRedirects: 0 }] as Call,
    })),
    ...tools.map((text) => ({
      intention: { action: 'tool:call', resource: 'tool:print', arguments: text },
      call: ['tools.call', 'print', text] as Call,
    })),
    ...labels.map((level) => ({
      intention: { action: 'log:write', resource: `log:${level}`, arguments: null },
      call: ['log.write', level, 'x'] as Call,
    })),
  ];
  const checks = plan.map(({ intention }): Call => ['policy.check', [intention]]);
  const [said, attempted] = [await see(checks), await see(plan.map(({ call }) => call))];
  await server.close();
  const differences = plan.flatMap(({ call, intention }, at) => {
    const [answer, attempt] = [(said[at]?.ok as string[] | undefined)?.[0], verdictOf(attempted[at])];
    return answer === verdictFor(attempt)
      ? []
      : [`${JSON.stringify(call)} ${intention.action}: check says ${answer ?? 'nothing'}, the attempt gets ${attempt}`];
  });
  expect(differences).toEqual([]);
  const allowed = said.filter(({ ok }) => (ok as string[])[0] === 'allow').length;
  expect(allowed).toBeGreaterThan(25);
  expect(plan.length - allowed).toBeGreaterThan(40);
  expect(world.records().every((file) => verified(file).ok)).toBe(true);
}, 60_000);
