import { describe, expect, it } from 'vitest';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { access, AGENT, CONTEXT, load, pointOf, row } from './fixture.ts';

describe('a policy snapshot', () => {
  it('has a digest over what it says, not over how it is written', () => {
    const text = `g, agent:a, role:x\n${row()}`;
    expect(load(text).ref).toEqual(load(`# comment\n\n${text.replaceAll(', ', ' ,')}`).ref);
    expect(load(text).ref.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('has another digest when any cell changes', () => {
    const texts = [
      row(),
      row({ who: 'agent:a' }),
      row({ action: 'fs:write' }),
      row({ resource: '/v/**' }),
      row({ when: 'env=prod' }),
      row({ effect: 'deny' }),
      row({ then: 'log=full' }),
      `${row()}g, agent:a, role:x\n`,
      '',
    ];
    expect(new Set(texts.map((text) => load(text).ref.digest)).size).toBe(texts.length);
  });

  it('carries the generation that it was loaded under', () => {
    expect(load(row(), 7).ref.generation).toBe(7);
  });

  it('names rules by their cells alone', () => {
    const [first] = load(row()).rules;
    const [, second] = load(`${row({ action: 'fs:write' })}# moved\n${row()}`).rules;
    expect(first?.id).toMatch(/^p-[0-9a-f]{10}$/);
    expect(second?.id).toBe(first?.id);
    expect(second?.line).toBe(3);
    expect(load(row({ then: 'log=full' })).rules[0]?.id).not.toBe(first?.id);
  });

  it('gives each agent a slice of plain data with its own rules only', () => {
    const snapshot = load(
      `g, agent:a, role:x\ng, role:x, role:y\ng, agent:b, role:z\n${['agent:a', 'role:x', 'role:y', 'role:z', 'role:any', 'agent:b'].map((who) => row({ who })).join('')}`,
    );
    const slice = structuredClone(snapshot.sliceFor(AGENT));
    expect(slice).toEqual(snapshot.sliceFor(AGENT));
    expect(slice.rows.map((text) => text.split(', ')[0])).toEqual(['agent:a', 'role:x', 'role:y', 'role:any']);
    expect(new Set(slice.subjects)).toEqual(new Set(['agent:a', 'role:x', 'role:y', 'role:any']));
    expect(slice.ref).toEqual(snapshot.ref);
    expect(slice.rows).toEqual(snapshot.rulesFor(AGENT).map(({ row: cells }) => cells));
  });

  it('is not changed by a later load', () => {
    const before = load(row(), 1);
    const point = createDecisionPoint(before.sliceFor(AGENT), AGENT);
    load(row({ effect: 'deny' }), 2);
    expect(point.decide([access('fs:read', '/w/a')], CONTEXT)).toMatchObject({
      effect: 'allow',
      policy: { generation: 1 },
    });
  });

  it('answers under one generation each, however often it is loaded again', () => {
    const points = Array.from({ length: 50 }, (_, n) => {
      const effect = n % 2 === 0 ? 'allow' : 'deny';
      const snapshot = load(row({ effect }), n);
      return { effect, n, point: createDecisionPoint(snapshot.sliceFor(AGENT), AGENT) };
    });
    for (const { effect, n, point } of [...points, ...points.toReversed()]) {
      expect(point.decide([access('fs:read', '/w/a')], CONTEXT)).toMatchObject({ effect, policy: { generation: n } });
    }
  });

  it('serves no other agent with a slice', () => {
    expect(() => createDecisionPoint(load(row()).sliceFor('agent:b'), AGENT)).toThrow('not of `agent:a`');
    const point = pointOf(row({ who: 'agent:b' }), AGENT);
    expect(point.decide([access('fs:read', '/w/a')], CONTEXT).effect).toBe('deny');
  });
});
