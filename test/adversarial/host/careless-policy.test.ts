import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfiguration } from '../../../host/configuration/configuration.ts';
import { HostError } from '../../../host/contracts/errors.ts';
import { createHostPowers } from '../../../host/host-powers.ts';
import { loadPolicy, type PolicySnapshot } from '../../../host/policy/policy-snapshot.ts';
import { createPolicyView } from '../../../host/views/policy-view.ts';
import { vocabularyOf } from '../../../host/configuration/settings.ts';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeWorld } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const POLICY = readFileSync(join(import.meta.dirname, '../../../policies/triage/policy.csv'), 'utf8');
const API = 'http://127.0.0.1:8787';
const RESOURCES = {
  http: ['/tickets', '/tickets/1/comments', '/tickets/1/close', '/', '/tickets/1/2/comments']
    .map((path) => `${API}${path}`)
    .concat('http://collector.example/tickets', 'http://127.0.0.1:8788/tickets'),
  fs: [
    '/workspace/a',
    '/workspace/.env',
    '/workspace/x/.env',
    '/workspace/reports',
    '/workspace/reports/a',
    '/workspace/reports/x/a',
    '/workspace/reports/.env',
  ],
  db: ['db:main/customers', 'db:main/orders', 'db:main/other'],
  log: ['log:info', 'log:error'],
  policy: ['policy:self'],
} as const;
const ACTIONS = {
  http: ['http:GET', 'http:POST', 'http:PUT', 'http:DELETE'],
  fs: ['fs:read', 'fs:write', 'fs:create', 'fs:list', 'fs:stat', 'fs:remove'],
  db: ['db:select', 'db:insert', 'db:update', 'db:delete'],
  log: ['log:write'],
  policy: ['policy:check'],
} as const;
const FILES = ['service.log', 'secrets.log', undefined];

function questions() {
  const plain = (['http', 'fs', 'db', 'log', 'policy'] as const).flatMap((gate) =>
    RESOURCES[gate].flatMap((resource) => ACTIONS[gate].map((action) => ({ action, resource }))),
  );
  const tools = FILES.map((file) => ({
    action: 'tool:call',
    resource: 'tool:search-log',
    arguments: JSON.stringify({ pattern: 'x', file }),
  }));
  return [...plain, ...tools].flatMap((question) => [question, { ...question, purpose: 'triage' }]);
}

function prepare() {
  world = makeWorld();
  const demo = readFileSync(join(import.meta.dirname, '../../../demo/sallyport.yaml'), 'utf8');
  world.write('logs/service.log', '');
  world.write('policy/policy.csv', POLICY);
  const yaml = demo
    .replace('customers.sqlite', 'main.sqlite')
    .replace(/^ {4}statements:\n.*\n/m, '')
    .replace(/^ {4}purpose: triage\n/m, '');
  world.write('sallyport.yaml', yaml);
  const powers = createHostPowers();
  const base = readConfiguration('sallyport.yaml', world.directory, powers);
  const vocabulary = vocabularyOf(base.manifest, base.settings.tools, base.settings.detectors);
  const agent = base.manifest.agents.get('triage');
  if (agent === undefined) throw new Error('no agent');

  /** What the policy allows; `undefined` where it does not load. */
  return (text: string): ReadonlySet<string> | undefined => {
    let policy: PolicySnapshot;
    try {
      policy = loadPolicy({ policy: { file: 'policy.csv', text } }, vocabulary, 1);
    } catch (error) {
      if (error instanceof HostError && error.code === 'ERR_POLICY_INVALID') return undefined;
      throw error;
    }
    const view = createPolicyView({ ...base, policy }, powers.clock);
    const allowed = questions().filter((question) => view.explain(agent, question).effect === 'allow');
    return new Set(allowed.map((question) => JSON.stringify(question)));
  };
}

const DENY = POLICY.indexOf('/workspace/**/.env');

/** What leaves a sound row that says something else: another resource of the deny row, or a deny row that is a comment. */
const saysSomethingElse = (at: number): boolean => at === DENY;

describe('the policy of the demonstration', () => {
  it('never allows more for a token that is misspelt, left out, doubled or quoted', () => {
    const allowedBy = prepare();
    const whole = allowedBy(POLICY);
    expect(whole?.size).toBeGreaterThan(10);
    const [loaded, broken] = [new Set<string>(), [] as string[]];
    for (const { 0: token, index } of POLICY.matchAll(/[^\s,]+|,/g)) {
      const line = POLICY.slice(POLICY.lastIndexOf('\n', index) + 1);
      if (line.startsWith('#') || saysSomethingElse(index)) continue;
      for (const other of [
        '',
        token + token,
        `${token}x`,
        token.slice(1),
        token.slice(0, -1),
        token.toUpperCase(),
        `"${token}"`,
        `!${token}`,
        `${token},`,
        `${token}\u00a0`,
        `${token}\u200b`,
        `#${token}`,
      ]) {
        if (other === token) continue;
        const text = POLICY.slice(0, index) + other + POLICY.slice(index + token.length);
        const part = allowedBy(text);
        if (part !== undefined) loaded.add(text);
        for (const question of part ?? [])
          if (whole?.has(question) === false) broken.push(`${token} -> ${other}: ${question}`);
      }
    }
    expect(broken).toEqual([]);
    expect(loaded.size).toBeGreaterThan(0);
  }, 120_000);
});
