import { describe, expect, it } from 'vitest';
import type { HostError } from '../../host/contracts/errors.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { row, VOCABULARY } from './fixture.ts';

const load = (rows: readonly string[]) =>
  loadPolicy({ policy: { file: 'policy.csv', text: `${rows.join('\n')}\n` } }, VOCABULARY, 1);

describe('the money of a policy', () => {
  it('is of one currency', () => {
    const rows = [
      'p, agent:a, http:GET, https://a.example/**, -, allow, cost=1EUR/d',
      'p, agent:a, http:GET, https://b.example/**, -, allow, cost=1USD/d',
    ];
    let hints: readonly string[] = [];
    try {
      load(rows);
    } catch (error) {
      ({ hints } = error as HostError);
    }
    expect(hints.join('\n')).toContain(
      'policy.csv:2:61: a policy has one currency: this is `USD`, a row above has `EUR`',
    );
  });
});

describe('the money of a policy under declared prices', () => {
  const policy = (text: string) => ({ policy: { file: 'policy.csv', text } });
  const priced = { ...VOCABULARY, currency: 'EUR' };

  it('is in the currency of the prices, and a row in another one is named', () => {
    const rows = (...then: readonly string[]) => then.map((cell) => row({ then: cell })).join('');
    expect(() => loadPolicy(policy(rows('cost=1EUX/d')), priced, 1)).toThrow(
      expect.objectContaining({
        hints: [
          'policy.csv:1:46: unknown currency `EUX`: the prices of the configuration are in `EUR`; expected `EUR`',
        ],
      }),
    );
    expect(loadPolicy(policy(rows('cost=1EUR/d')), priced, 1).rules).toHaveLength(1);
    expect(loadPolicy(policy(rows('cost=1USD/d')), VOCABULARY, 1).rules).toHaveLength(1);
  });
});

describe('a deny row', () => {
  it('tells with the denial who is to be told, and how much is recorded', () => {
    const snapshot = load(['p, agent:a, http:GET, https://a.example/**, -, deny, log=full alert=soc']);
    const point = createDecisionPoint(snapshot.sliceFor('agent:a'), 'agent:a');
    const access = { action: 'http:GET', resource: 'https://a.example/x', attributes: new Map() };
    expect(point.decide([access], { nowMs: 0 })).toMatchObject({
      effect: 'deny',
      obligations: { log: 'full', alert: ['soc'] },
    });
  });
});
