import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DecisionPoint } from '../../host/contracts/decision-point.ts';
import type { Attribute } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';

const file = join(import.meta.dirname, '../../policies/triage/policy.csv');
const actions = [
  ...['http:GET', 'http:POST', 'http:DELETE'],
  ...['fs:read', 'fs:write', 'fs:list', 'fs:stat', 'fs:create', 'fs:remove', 'fs:rename'],
  ...['db:select', 'db:insert', 'db:update', 'db:delete', 'db:schema'],
  ...['tool:call', 'log:write', 'policy:check'],
];
const api = 'http://127.0.0.1:8787';

interface Case {
  readonly action: string;
  readonly resource: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly expected: string;
  readonly agent?: string;
  readonly purpose?: string;
}

const CASES: readonly Case[] = [
  { action: 'http:GET', resource: `${api}/tickets`, expected: 'allow {"timeoutMs":5000}' },
  { action: 'http:POST', resource: `${api}/tickets/101/comments`, expected: 'allow {"timeoutMs":5000}' },
  { action: 'http:DELETE', resource: `${api}/tickets/101/comments`, expected: 'no-rule' },
  { action: 'http:POST', resource: `${api}/tickets/101/close`, expected: 'no-rule' },
  { action: 'http:POST', resource: 'http://collector.example/customers', expected: 'no-rule' },
  { action: 'http:GET', resource: 'http://127.0.0.1:8788/tickets', expected: 'no-rule' },
  { action: 'fs:read', resource: '/workspace/runbooks/login.md', expected: 'allow {}' },
  { action: 'fs:read', resource: '/workspace/.env', expected: 'forbidden-by-rule' },
  { action: 'fs:read', resource: '/workspace/runbooks/old/.env', expected: 'forbidden-by-rule' },
  { action: 'fs:write', resource: '/workspace/reports/triage.md', expected: 'allow {}' },
  { action: 'fs:write', resource: '/workspace/runbooks/login.md', expected: 'no-rule' },
  { action: 'fs:write', resource: '/workspace/reports/.env', expected: 'forbidden-by-rule' },
  { action: 'db:select', resource: 'db:main/customers', purpose: 'triage', expected: 'allow {"rows":50}' },
  { action: 'db:select', resource: 'db:main/customers', expected: 'no-rule' },
  { action: 'db:select', resource: 'db:main/orders', expected: 'allow {"rows":200}' },
  { action: 'db:schema', resource: 'db:main/customers', purpose: 'triage', expected: 'no-rule' },
  {
    action: 'tool:call',
    resource: 'tool:search-log',
    attributes: { file: 'service.log' },
    expected: 'allow {"timeoutMs":5000}',
  },
  { action: 'tool:call', resource: 'tool:search-log', attributes: { file: 'secrets.log' }, expected: 'no-rule' },
  { action: 'tool:call', resource: 'tool:search-log', expected: 'no-rule' },
  { action: 'log:write', resource: 'log:info', expected: 'allow {}' },
  { action: 'policy:check', resource: 'policy:self', expected: 'allow {}' },
  { action: 'fs:read', resource: '/workspace/runbooks/login.md', agent: 'agent:other', expected: 'no-rule' },
  { action: 'fs:read', resource: '/workspace/.env', agent: 'agent:other', expected: 'forbidden-by-rule' },
];

describe('the policy of the triage agent', () => {
  const points = new Map<string, DecisionPoint>();
  beforeAll(() => {
    const vocabulary = {
      purposes: ['triage'],
      environments: [],
      labels: [],
      approvers: ['owner', 'cfo'],
      detectors: ['email', 'iban', 'token'],
      alerts: ['soc'],
      actions,
      isArgument: (_: string, __: string, name: string) => name === 'file',
    };
    const snapshot = loadPolicy({ policy: { file, text: readFileSync(file, 'utf8') } }, vocabulary, 1);
    for (const agent of ['agent:triage', 'agent:other'])
      points.set(agent, createDecisionPoint(snapshot.sliceFor(agent), agent));
  });

  it.each(CASES)('answers $action $resource $attributes ($agent $purpose) with $expected', (one) => {
    const { action, resource, attributes = {}, agent = 'agent:triage', purpose, expected } = one;
    const access = { action, resource, attributes: new Map(Object.entries(attributes)) };
    const context = { nowMs: 0, ...(purpose === undefined ? {} : { purpose }) };
    const decision = points.get(agent)!.decide([access], context);
    expect(
      decision.effect === 'deny'
        ? decision.reason
        : `${decision.effect} ${JSON.stringify(decision.effect === 'allow' ? decision.obligations : {})}`,
    ).toBe(expected);
  });
});
