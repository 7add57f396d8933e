import { describe, expect, it } from 'vitest';
import { makeLiveBed, mayRead, other, READ, type LiveBed } from './live-policy-bed.ts';

const reading = (then: string): string => `p, agent:alpha, fs:read, /workspace/*, -, allow, ${then}`;

/** How many effects were allowed under each generation of the policy. */
function allowedBy(bed: LiveBed): Readonly<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { type, generation } of bed.decisions())
    if (type === 'effect.intended') counts[generation] = (counts[generation] ?? 0) + 1;
  return counts;
}

describe.each(['thread', 'process', 'shared'])('a budget in a %s cell', (cell) => {
  it('counts from the moment when a change brings it, for a guest that never waits', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], cell });
    const running = bed.run(['read', READ]);
    await bed.began();
    bed.write(reading('rate=5/d'));
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'budget-exhausted' });
    expect(allowedBy(bed)).toMatchObject({ 2: 5 });
  });

  it('that is lowered keeps what was used, and nothing that was taken ahead under the old one', async () => {
    const bed = await makeLiveBed({ rows: [reading('rate=100000000/d')], cell });
    const running = bed.run(['read', READ]);
    await bed.began(30);
    bed.write(reading('rate=20/d'));
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'budget-exhausted' });
    expect(allowedBy(bed)[2]).toBeUndefined();
    // Removed and written again, it is the same counter.
    bed.write(other(1));
    await expect.poll(() => bed.host.policyStatus().policy.generation, { timeout: 10_000 }).toBe(3);
    bed.write(reading('rate=20/d'));
    await expect.poll(() => bed.host.policyStatus().policy.generation, { timeout: 10_000 }).toBe(4);
    expect(JSON.parse((await bed.run(['read', READ])).output ?? '')).toEqual({ count: 0, reason: 'budget-exhausted' });
  });
});

describe('a budget of calls', () => {
  it('that is raised has room for the difference, whatever else its row asks for', async () => {
    const bed = await makeLiveBed({ rows: [reading('rate=3/d')] });
    expect(JSON.parse((await bed.run(['read', READ])).output ?? '')).toEqual({ count: 3, reason: 'budget-exhausted' });
    bed.write(reading('rate=5/d log=full'));
    await expect.poll(() => bed.host.policyStatus().policy.generation, { timeout: 10_000 }).toBe(2);
    expect(JSON.parse((await bed.run(['read', READ])).output ?? '')).toEqual({ count: 2, reason: 'budget-exhausted' });
  });
});

describe('places of `concurrency`', () => {
  it('that a change brought are free after the run', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')] });
    const running = bed.run(['read', READ]);
    await bed.began();
    bed.write(reading('concurrency=1'));
    await expect.poll(() => allowedBy(bed)[2] ?? 0, { timeout: 10_000 }).toBeGreaterThan(3);
    bed.write(other(1));
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'no-rule' });
    bed.write(reading('concurrency=1 rate=2/d'));
    await expect.poll(() => bed.host.policyStatus().policy.generation, { timeout: 10_000 }).toBe(4);
    expect(JSON.parse((await bed.run(['read', READ])).output ?? '')).toMatchObject({ count: 2 });
  });
});
