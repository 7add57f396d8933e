import { expect } from 'vitest';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import { HostError } from '../../host/contracts/errors.ts';
import type { Access, Attribute } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import type { MakeEngine } from '../../host/policy/engine.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import type { Vocabulary } from '../../host/policy/vocabulary.ts';

export const AGENT = 'agent:a';
export const NOON = Date.parse('2026-03-02T11:00:00Z');
export const CONTEXT: DecisionContext = { nowMs: NOON };

export const VOCABULARY: Vocabulary = {
  purposes: ['triage', 'audit'],
  environments: ['prod', 'test'],
  labels: ['public', 'internal', 'confidential', 'secret'],
  approvers: ['owner', 'cfo'],
  detectors: ['email', 'iban', 'token'],
  alerts: ['soc'],
  actions: [
    'http:GET',
    'http:POST',
    'fs:read',
    'fs:write',
    'db:select',
    'db:insert',
    'tool:call',
    'log:write',
    'policy:check',
  ],
  isArgument: (_action, _resource, name) => name !== 'nosuch',
};

export const load = (text: string, generation = 1): PolicySnapshot =>
  loadPolicy({ policy: { file: 'policy.csv', text } }, VOCABULARY, generation);

export const pointOf = (text: string, agent = AGENT) =>
  createDecisionPoint(structuredClone(load(text).sliceFor(agent)), agent);

/** A decision point that asks the compiled engine, and Casbin one time in `shadow`. */
export const compiledPointOf = (text: string, shadow: number, compile?: MakeEngine) =>
  createDecisionPoint({ ...load(text).sliceFor(AGENT), deciding: { engine: 'compiled', shadow } }, AGENT, compile);

export const access = (
  action: string,
  resource: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): Access => ({
  action,
  resource,
  attributes: new Map(Object.entries(attributes)),
});

/** The problems that loading reports: the hints of its error. */
export function problemsOf(text: string, model?: string): readonly string[] {
  try {
    loadPolicy(
      {
        policy: { file: 'policy.csv', text },
        ...(model === undefined ? {} : { model: { file: 'model.conf', text: model } }),
      },
      VOCABULARY,
      1,
    );
  } catch (error) {
    expect(error).toBeInstanceOf(HostError);
    if (!(error instanceof HostError)) throw error;
    expect(error.code).toBe('ERR_POLICY_INVALID');
    return error.hints;
  }
  return [];
}

/** The problem of a policy that has one. */
export function problemOf(text: string): string {
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  return problems[0]!;
}

/** One allow row with these cells in place. */
export const row = (
  cells: { who?: string; action?: string; resource?: string; when?: string; effect?: string; then?: string } = {},
): string => {
  const { who = 'role:any', action = 'fs:read', resource = '/w/**', when = '-', effect = 'allow', then = '-' } = cells;
  return `p, ${[who, action, resource, when, effect, then].join(', ')}\n`;
};
