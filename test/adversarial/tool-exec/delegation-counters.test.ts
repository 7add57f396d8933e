import { afterEach, describe, expect, it } from 'vitest';
import { answerOf, ask, makeDelegationBed, mayAsk, type DelegationBed } from '../../e2e/delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const READ = ['read', '/workspace/open.txt'] as const;
const reading = (agent: string, then: string): string =>
  `p, agent:${agent}, fs:read, /workspace/open.txt, -, allow, ${then}`;
const verdicts = (seen: ReturnType<typeof answerOf>): readonly string[] =>
  seen.map(({ ok, error }) => (ok === undefined ? (error?.val?.reason ?? 'error') : 'ok'));

describe('M1 budgets in a chain: each link counts', { timeout: 120_000 }, () => {
  it('a caller gains nothing by letting another read in its place, and the called one counts for itself', async () => {
    bed = await makeDelegationBed({
      rows: [mayAsk('alpha', 'beta'), reading('alpha', 'rate=3/d'), reading('beta', 'rate=4/d')],
    });
    const seen = await bed.see('alpha', [READ, ask('beta', READ, READ, READ), READ]);
    expect(verdicts(answerOf(seen[1]))).toEqual(['ok', 'ok', 'budget-exhausted']);
    expect(verdicts(seen.filter((_, index) => index !== 1))).toEqual(['ok', 'budget-exhausted']);
    // Of its own four it has used the two that were done.
    expect(verdicts(await bed.see('beta', [READ, READ, READ]))).toEqual(['ok', 'ok', 'budget-exhausted']);
  });

  it('a role that all of them have counts an effect once', async () => {
    const roles = ['alpha', 'beta'].map((agent) => `g, agent:${agent}, role:all`);
    const row = 'p, role:all, fs:read, /workspace/open.txt, -, allow, rate=3/d@role';
    bed = await makeDelegationBed({ rows: [...roles, mayAsk('alpha', 'beta'), row] });
    const [called] = await bed.see('alpha', [ask('beta', READ, READ, READ, READ)]);
    expect(verdicts(answerOf(called))).toEqual(['ok', 'ok', 'ok', 'budget-exhausted']);
  });
});
