import { describe, expect, it } from 'vitest';
import { createCandidateMemo } from '../../host/policy/candidate-memo.ts';
import { access, CONTEXT, pointOf, row } from './fixture.ts';

describe('the memo of candidates', () => {
  it('remembers by action and resource', () => {
    const memo = createCandidateMemo<number>();
    memo.set('fs:read', '/a', 1);
    memo.set('fs:write', '/a', 2);
    expect([memo.get('fs:read', '/a'), memo.get('fs:write', '/a'), memo.get('fs:read', '/b')]).toEqual([
      1,
      2,
      undefined,
    ]);
  });

  it('keeps a bounded number, the latest', () => {
    const memo = createCandidateMemo<number>();
    for (let n = 0; n < 10_000; n++) memo.set('fs:read', `/${n}`, n);
    const kept = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => memo.get('fs:read', `/${n}`) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(1_024);
    expect(kept).toContain(9_999);
  });

  it('keeps what is used while others come and go', () => {
    const memo = createCandidateMemo<number>();
    memo.set('fs:read', '/used', 1);
    for (let n = 0; n < 10_000; n++) {
      memo.set('fs:read', `/${n}`, n);
      expect(memo.get('fs:read', '/used')).toBe(1);
    }
  });

  it('keeps nothing long', () => {
    const memo = createCandidateMemo<number>();
    memo.set('fs:read', `/${'a'.repeat(1_000)}`, 1);
    expect(memo.get('fs:read', `/${'a'.repeat(1_000)}`)).toBeUndefined();
  });

  it('never remembers a decision: the condition is tested each time', () => {
    const point = pointOf(row({ when: 'arg.x=1' }));
    const ask = (x: number) => point.decide([access('fs:read', '/w/a', { x })], CONTEXT).effect;
    expect([ask(1), ask(2), ask(1), ask(2)]).toEqual(['allow', 'deny', 'allow', 'deny']);
  });
});
