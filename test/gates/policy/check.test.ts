import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../host/contracts/decision.ts';
import type { Intention } from '../../../host/contracts/gate.ts';
import type { Access } from '../../../host/contracts/request.ts';
import { createPolicyGate } from '../../../host/gates/policy/index.ts';
import { allow, approve, createMemoryRun, deny } from '../../enforcement/in-memory.ts';

type Check = (
  intentions: readonly { action: string; resource: string; arguments: string | undefined }[],
) => Promise<string[]>;

function createCheck(decide: (access: Access) => Decision) {
  const run = createMemoryRun(([access]) => (access.action === 'policy:check' ? allow() : decide(access)));
  const canonicalised: Intention[] = [];
  const gate = createPolicyGate({
    config: { maxIntentions: 256 },
    pipeline: run.pipeline,
    canonicalise(intention) {
      canonicalised.push(intention);
      const { action, resource, attributes } = intention;
      if (!action.startsWith('fs:')) return { parsed: { refused: 'no gate', action }, discharges: new Set() };
      const accesses = [{ action, resource: resource.toLowerCase(), attributes }] as const;
      return {
        parsed: { capability: 'fs', accesses, target: undefined, summary: {} },
        discharges: new Set(['timeoutMs'] as const),
      };
    },
  });
  const check = gate.imports.get('sallyport:agent/policy')!['check'] as unknown as Check;
  return { run, check, canonicalised };
}

const question = (action: string, resource: string, json?: string) => ({ action, resource, arguments: json });

describe('a check of intentions', () => {
  it('answers each in order, in the form that the gate decides on', async () => {
    const { check, run } = createCheck(({ resource }) => {
      if (resource === '/a') return allow();
      return resource === '/b' ? approve() : deny();
    });
    const answers = await check([
      question('fs:read', '/A'),
      question('fs:read', '/b'),
      question('fs:read', '/c'),
      question('net:connect', 'x'),
    ]);
    expect(answers).toEqual(['allow', 'needs-approval', 'deny', 'deny']);
    expect(run.asked.map(({ accesses }) => accesses[0]?.resource)).toEqual(['policy:self', '/a', '/b', '/c']);
  });

  it('is one recorded effect, whatever it asks about', async () => {
    const { check, run } = createCheck(() => deny());
    await check([question('fs:read', '/secret-plan'), question('fs:write', '/b')]);
    expect(run.types()).toEqual(['effect.intended', 'effect.settled']);
    expect(run.records[0]).toMatchObject({
      action: 'policy:check',
      resource: 'policy:self',
      request: { intentions: 2 },
    });
    expect(JSON.stringify(run.records)).not.toContain('secret-plan');
  });

  it('denies where the gate cannot discharge what the policy asks for', async () => {
    const { check } = createCheck(({ resource }) => allow(resource === '/rows' ? { rows: 1 } : { timeoutMs: 1 }));
    expect(await check([question('fs:read', '/rows'), question('fs:read', '/timeout')])).toEqual(['deny', 'allow']);
  });

  it('gives the arguments to the rules as attributes, nested names with dots', async () => {
    const { check, canonicalised } = createCheck(() => allow());
    await check([
      question('fs:read', '/a', '{"branch":"main","deep":{"n":1.5,"ok":true},"tags":["a","b"],"none":null}'),
    ]);
    expect(canonicalised[0]?.attributes).toEqual(
      new Map<string, unknown>([
        ['branch', 'main'],
        ['deep.n', 1.5],
        ['deep.ok', true],
        ['tags', ['a', 'b']],
      ]),
    );
  });

  it.each([
    '',
    '[]',
    'null',
    '"text"',
    '{',
    '{"a.b":1}',
    '{"a":1e999}',
    '{"a":1,"a":2}',
    '{"a":"\\ud800"}',
    `{"a":"${'x'.repeat(70_000)}"}`,
  ])('answers deny, without asking, where the arguments are %.20s', async (json) => {
    const { check, canonicalised } = createCheck(() => allow());
    expect(await check([question('fs:read', '/a', json)])).toEqual(['deny']);
    expect(canonicalised).toEqual([]);
  });

  it('takes 256 intentions and not one more', async () => {
    const { check, run } = createCheck(() => allow());
    const many = (count: number) => Array.from({ length: count }, () => question('fs:read', '/a'));
    expect(await check(many(256))).toHaveLength(256);
    await expect(check(many(257))).rejects.toEqual({ payload: { tag: 'too-large' } });
    expect(run.records.at(-1)).toMatchObject({ type: 'effect.denied' });
    expect(await check([])).toEqual([]);
  });

  it('is a fault as a whole when a gate breaks, and allows nothing', async () => {
    const run = createMemoryRun(() => allow());
    const gate = createPolicyGate({
      config: { maxIntentions: 256 },
      pipeline: run.pipeline,
      canonicalise: () => {
        throw new Error('broken');
      },
    });
    const check = gate.imports.get('sallyport:agent/policy')!['check'] as unknown as Check;
    await expect(check([question('fs:read', '/a')])).rejects.toEqual({ payload: { tag: 'internal' } });
    expect(run.faults).toHaveLength(1);
  });
});
