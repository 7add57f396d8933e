import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { accessesNear, AGENTS, linkRows, ruleRows, VOCABULARY } from './policy-arbitrary.ts';

const CONTEXT: DecisionContext = { nowMs: Date.parse('2026-03-02T11:00:00Z'), purpose: 'p1', environment: 'prod' };

function tryLoad(text: string): PolicySnapshot | undefined {
  try {
    return loadPolicy({ policy: { file: 'policy.csv', text } }, VOCABULARY, 1);
  } catch (error) {
    if (error instanceof HostError && error.code === 'ERR_POLICY_INVALID') return undefined;
    throw error;
  }
}

/** What is allowed, as one text per agent and access. */
function allowed(snapshot: PolicySnapshot | undefined, accesses: readonly Access[]): ReadonlySet<string> {
  const found = new Set<string>();
  if (snapshot === undefined) return found;
  for (const agent of AGENTS) {
    const point = createDecisionPoint(snapshot.sliceFor(agent), agent);
    for (const access of accesses) {
      if (point.decide([access], CONTEXT).effect === 'allow') found.add(`${agent} ${access.action} ${access.resource}`);
    }
  }
  return found;
}

describe('a policy file', () => {
  it('never allows more for being cut at any byte, when it has roles first, then deny rows, then allow rows', () => {
    fc.assert(
      fc.property(linkRows, ruleRows, (links, rules) => {
        const isDeny = (rule: string) => rule.split(', ')[5] === 'deny';
        const text = `${[...links, ...rules.filter(isDeny), ...rules.filter((rule) => !isDeny(rule))].join('\n')}\n`;
        const accesses = accessesNear(text);
        const whole = allowed(tryLoad(text), accesses);
        const bytes = Buffer.from(text);
        let loaded = 0;
        for (let cut = 0; cut < bytes.length; cut++) {
          const snapshot = tryLoad(bytes.subarray(0, cut).toString('utf8'));
          if (snapshot === undefined) continue;
          loaded++;
          const part = allowed(snapshot, accesses);
          expect([...part].filter((entry) => !whole.has(entry))).toEqual([]);
        }
        // Only at the end of a line does a cut still read as a policy.
        expect(loaded).toBeLessThanOrEqual(text.split('\n').length);
      }),
      { numRuns: 12 },
    );
  }, 120_000);

  it('never loads when it is cut inside a row', () => {
    const text =
      'g, agent:a, role:r1\np, role:r1, fs:read, /x/**, purpose=p1, allow, rows=5\np, role:any, fs:read, /x/.x, -, deny, -\n';
    for (let cut = 1; cut < text.length; cut++) {
      if (text[cut - 1] !== '\n') expect(tryLoad(text.slice(0, cut)), text.slice(0, cut)).toBeUndefined();
    }
  });

  it('never allows more for a token that is misspelt, left out or doubled', () => {
    const text =
      'g, agent:a, role:r1\np, role:any, fs:*, /x/**/.x, -, deny, -\np, role:r1, fs:read, /x/**, purpose=p1 env=prod, allow, rows=5\n';
    const accesses = ['/x/y', '/x/.x', '/y/x', '/x'].flatMap((resource) =>
      ['fs:read', 'fs:write', 'db:select'].map((action): Access => ({ action, resource, attributes: new Map() })),
    );
    const whole = allowed(tryLoad(text), accesses);
    expect(whole.size).toBeGreaterThan(0);
    const tokens = [...text.matchAll(/[^\s,]+|,/g)];
    for (const { 0: token, index } of tokens) {
      for (const other of [
        '',
        `${token}${token}`,
        `${token}x`,
        token.slice(1),
        token.toUpperCase(),
        `"${token}"`,
        `-${token}`,
        `${token},`,
      ]) {
        if (other === token || removesCondition(text, index, token, other)) continue;
        const mutated = text.slice(0, index) + other + text.slice(index + token.length);
        const part = allowed(tryLoad(mutated), accesses);
        expect(
          [...part].filter((entry) => !whole.has(entry)),
          mutated,
        ).toEqual([]);
      }
    }
  });
});

/** Leaving out a whole clause, or changing the literal resource of a deny row, says something else and nothing broken. */
function removesCondition(text: string, index: number, token: string, other: string): boolean {
  const deny = text.slice(0, index).split('\n').length === 2;
  return (other === '' && token.includes('=')) || (deny && (token.startsWith('/') || other === '-,'));
}
