import { describe, expect, it } from 'vitest';
import type { Access } from '../../host/contracts/request.ts';
import { liveHeap } from '../support/live-heap.ts';
import { access, AGENT, CONTEXT, load, NOON, pointOf, row } from './fixture.ts';

const READ = access('fs:read', '/w/a');

describe('a decision', () => {
  it('is a deny under the empty policy', () => {
    const point = pointOf('');
    expect(point.decide([READ], CONTEXT)).toEqual({
      effect: 'deny',
      reason: 'no-rule',
      rules: [],
      access: 0,
      policy: point.policy,
    });
  });

  it('is an allow with the rule that matched and its obligations', () => {
    const text = row({ resource: '/w/a', then: 'rows=5' });
    const point = pointOf(text);
    expect(point.decide([READ], CONTEXT)).toEqual({
      effect: 'allow',
      rules: [{ id: load(text).rules[0]!.id, namesHost: true }],
      obligations: { rows: 5 },
      policy: point.policy,
    });
  });

  it('collects the obligations of every rule that matches, the strictest of each kind', () => {
    const point = pointOf(
      row({ resource: '/w/**', then: 'rows=10 timeout=30s' }) +
        row({ resource: '/**', then: 'rows=20 log=full' }) +
        row({ action: 'fs:*', then: 'timeout=10s' }) +
        row({ resource: '/other/**', then: 'rows=1' }) +
        row({ when: 'purpose=audit', then: 'rows=1' }),
    );
    const decision = point.decide([READ], { nowMs: NOON, purpose: 'triage' });
    expect(decision).toMatchObject({ effect: 'allow', obligations: { rows: 10, timeoutMs: 10_000, log: 'full' } });
    expect(decision.rules).toHaveLength(3);
  });

  it('is a deny with the denying rule, wherever it stands', () => {
    for (const order of [1, -1]) {
      const rows = [row(), row({ who: 'role:any', action: 'fs:*', resource: '/**/a', effect: 'deny' })];
      const text = (order === 1 ? rows : rows.toReversed()).join('');
      const denying = load(text).rules.find(({ cells }) => cells[4] === 'deny')!;
      const point = pointOf(text);
      expect(point.decide([READ], CONTEXT)).toMatchObject({
        effect: 'deny',
        reason: 'forbidden-by-rule',
        rules: [{ id: denying.id }],
      });
    }
  });

  it('does not let an undecidable condition allow, and lets it deny', () => {
    expect(pointOf(row({ when: 'purpose=triage' })).decide([READ], CONTEXT)).toMatchObject({
      reason: 'no-rule',
    });
    expect(pointOf(row({ when: 'purpose!=triage' })).decide([READ], CONTEXT)).toMatchObject({
      reason: 'no-rule',
    });
    const denied = pointOf(row() + row({ when: 'purpose=triage', effect: 'deny' }));
    expect(denied.decide([READ], CONTEXT)).toMatchObject({ reason: 'forbidden-by-rule' });
    expect(denied.decide([READ], { nowMs: NOON, purpose: 'audit' })).toMatchObject({ effect: 'allow' });
  });

  it('denies a list in which one member is denied, and allows one in which all are allowed', () => {
    const point = pointOf(
      row({ action: 'db:select', resource: 'db:main/people', when: 'arg.column=id|name' }) +
        row({ action: 'db:select', resource: 'db:main/*', when: 'arg.column=ssn', effect: 'deny' }),
    );
    const select = (...column: string[]) => point.decide([access('db:select', 'db:main/people', { column })], CONTEXT);
    expect(select('id', 'name')).toMatchObject({ effect: 'allow' });
    expect(select('id', 'email')).toMatchObject({ reason: 'no-rule' });
    expect(select('id', 'ssn')).toMatchObject({ reason: 'forbidden-by-rule' });
    expect(select()).toMatchObject({ effect: 'deny' });
  });

  it('reads the clock of the context at every call', () => {
    const point = pointOf(row({ when: 'hours(08-19 UTC)' }));
    const at = (instant: string) => point.decide([READ], { nowMs: Date.parse(instant) }).effect;
    expect([at('2026-03-02T12:00:00Z'), at('2026-03-02T23:00:00Z'), at('2026-03-02T12:00:00Z')]).toEqual([
      'allow',
      'deny',
      'allow',
    ]);
  });

  it('is of the agent and all its roles', () => {
    const text = `g, agent:a, role:x\ng, role:x, role:y\ng, agent:b, role:z\n${row({ who: 'role:y' })}${row({ who: 'role:z', action: 'fs:write' })}`;
    const point = pointOf(text);
    expect(point.decide([READ], CONTEXT).effect).toBe('allow');
    expect(point.decide([access('fs:write', '/w/a')], CONTEXT).effect).toBe('deny');
  });
});

describe('a decision over several accesses', () => {
  it('is an allow when each is allowed, with all rules and the strictest obligations', () => {
    const point = pointOf(row({ then: 'rows=10' }) + row({ action: 'fs:write', then: 'rows=5' }));
    const decision = point.decide([READ, access('fs:write', '/w/b'), access('fs:read', '/w/c')], CONTEXT);
    expect(decision).toMatchObject({ effect: 'allow', obligations: { rows: 5 } });
    expect(decision.rules).toHaveLength(2);
  });

  it('is the deny of the first that is not allowed', () => {
    const point = pointOf(row() + row({ action: 'fs:write', resource: '/w/x', effect: 'deny' }));
    expect(point.decide([READ, access('fs:read', '/v'), access('fs:write', '/w/x')], CONTEXT)).toMatchObject({
      reason: 'no-rule',
      access: 1,
    });
    expect(point.decide([READ, access('fs:write', '/w/x')], CONTEXT)).toMatchObject({
      reason: 'forbidden-by-rule',
      access: 1,
    });
  });

  it('is a deny for none at all', () => {
    const point = pointOf(row());
    // The type forbids an empty list; a caller without types does not.
    expect(point.decide([] as unknown as [Access], CONTEXT)).toMatchObject({
      effect: 'deny',
      reason: 'policy-unavailable',
    });
  });
});

describe('a decision point', () => {
  it.each(['/w/../etc/passwd', '/w/./a', 'w/a', 'https://H/x', 'https://user@h/x', `/w/${'a/'.repeat(300)}`])(
    'denies what is not in canonical form: %s',
    (resource) => {
      const point = pointOf(row({ resource: '/**' }) + row({ action: 'fs:*', resource: 'https://**/**' }));
      expect(point.decide([access('fs:read', resource)], CONTEXT)).toMatchObject({
        effect: 'deny',
        reason: 'invalid-request',
      });
    },
  );

  it('denies values that only look like strings', () => {
    const point = pointOf(row({ resource: '/w/a' }));
    const impostor = {
      toString: () => '/w/a',
      startsWith: () => true,
      split: () => ['w', 'a'],
      slice: () => 'w/a',
      length: 4,
      indexOf: () => 0,
    };
    for (const wrong of [
      ['fs:read', ['/w/a']],
      [['fs:read'], '/w/a'],
      ['fs:read', impostor],
      [null, '/w/a'],
      ['fs:read', undefined],
    ]) {
      const odd = { action: wrong[0], resource: wrong[1], attributes: new Map() } as unknown as Access; // what no type lets through
      expect(point.decide([odd], CONTEXT).effect).toBe('deny');
    }
  });

  it('never throws: an error is a deny', () => {
    const point = pointOf(row({ when: 'arg.x=1' }));
    const hostile = {
      get: () => {
        throw new Error('attributes fail');
      },
    } as unknown as Access['attributes']; // a map whose reads fail
    expect(point.decide([{ ...READ, attributes: hostile }], CONTEXT)).toMatchObject({ effect: 'deny' });
    const odd = {
      get action(): string {
        throw new Error('no action');
      },
      resource: '/w/a',
      attributes: new Map(),
    };
    expect(point.decide([odd], CONTEXT)).toMatchObject({ effect: 'deny', reason: 'policy-unavailable', access: 0 });
    expect(point.decide([READ], CONTEXT)).toMatchObject({ effect: 'deny' });
  });

  it('keeps nothing of one request for the next', () => {
    const point = pointOf(row({ when: 'arg.x=1' }));
    const allowed = access('fs:read', '/w/a', { x: 1 });
    expect(point.decide([allowed], CONTEXT).effect).toBe('allow');
    expect(point.decide([READ], CONTEXT).effect).toBe('deny');
    expect(point.decide([allowed], CONTEXT).effect).toBe('allow');
  });

  it('matches a wildcard action within its capability only', () => {
    const point = pointOf(row({ action: 'http:*', resource: 'https://h/**' }));
    const ask = (action: string) => point.decide([access(action, 'https://h/x')], CONTEXT).effect;
    expect(['http:GET', 'http:POST', 'fs:read', 'https:GET', 'http', ':GET', 'xhttp:GET'].map(ask)).toEqual([
      'allow',
      'allow',
      'deny',
      'deny',
      'deny',
      'deny',
      'deny',
    ]);
  });

  it('survives names that every object has', () => {
    const point = pointOf(row());
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(point.decide([access(name, `/w/${name}`)], CONTEXT).effect).toBe('deny');
      expect(point.decide([access('fs:read', `/w/${name}`, { [name]: name })], CONTEXT).effect).toBe('allow');
    }
  });

  it('grows with nothing that a guest sends', () => {
    const point = pointOf(row({ action: 'fs:*' }));
    for (let i = 0; i < 20_000; i++) point.decide([access(`fs:${i}`, `/w/${i}`)], CONTEXT);
    const before = liveHeap();
    for (let i = 20_000; i < 60_000; i++) point.decide([access(`fs:${i}`, `/w/${i}`)], CONTEXT);
    expect(liveHeap() - before).toBeLessThan(4_000_000);
  });

  it('keeps no more of requests that meet no rule', () => {
    const point = pointOf(row());
    const ask = (i: number) => point.decide([access(`x:${i}`, `/${i}/${'x'.repeat(400)}`)], CONTEXT);
    for (let i = 0; i < 5_000; i++) ask(i);
    const before = liveHeap();
    for (let i = 5_000; i < 40_000; i++) ask(i);
    expect(liveHeap() - before).toBeLessThan(4_000_000);
    expect(point.decide([READ], CONTEXT).effect).toBe('allow');
  });

  it('is of the slice that it was made from', () => {
    const snapshot = load(row(), 3);
    const { policy } = pointOf(row());
    expect(policy.digest).toBe(snapshot.ref.digest);
    expect(snapshot.sliceFor(AGENT).agent).toBe(AGENT);
  });
});
