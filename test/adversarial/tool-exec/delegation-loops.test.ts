import { afterEach, describe, expect, it } from 'vitest';
import {
  answerOf,
  ask,
  makeDelegationBed,
  mayAsk,
  mayRead,
  type BedOptions,
  type DelegationBed,
  type Seen,
  type Step,
} from '../../e2e/delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const make = async (options: BedOptions): Promise<DelegationBed> => (bed = await makeDelegationBed(options));
const reasonOf = (seen: Seen | undefined): string => `${seen?.error?.tag}:${seen?.error?.val?.reason}`;
const EVERY = 'p, role:any, tool:call, tool:ask/*, -, allow, -';
const NOTHING = ['read', '/workspace/open.txt'] as const;

/** The answer of the last agent of a chain of calls. */
const last = (seen: Seen | undefined, links: number): Seen | undefined =>
  links === 0 ? seen : last(answerOf(seen)[0], links - 1);

const chain = ([agent, ...below]: readonly string[], step: Step): Step =>
  agent === undefined ? step : ask(agent, chain(below, step));

describe('M1 loops: a chain of agents ends', { timeout: 120_000 }, () => {
  it('stops A calling B calling A, with a denial that the record explains', async () => {
    await make({ rows: [EVERY] });
    const [seen] = await bed.see('alpha', [chain(['beta', 'alpha'], NOTHING)]);
    expect(reasonOf(last(seen, 1))).toBe('denied:protected-resource');
    expect(bed.records()).toHaveLength(2);
    const denied = bed.records()[1]?.find(({ type }) => type === 'effect.denied');
    expect(denied?.outcome?.detail?.['refused']).toMatch(/^agent:alpha > agent:beta > agent:alpha: /);
  });

  it('stops an agent that calls itself', async () => {
    await make({ rows: [EVERY] });
    const [seen] = await bed.see('alpha', [chain(['alpha'], NOTHING)]);
    expect(reasonOf(seen)).toBe('denied:protected-resource');
    expect(bed.records()).toHaveLength(1);
  });

  it('has at most four agents in a chain, and fewer where a tool on the way says so', async () => {
    await make({
      rows: [EVERY, 'p, role:any, fs:read, /workspace/open.txt, -, allow, -'],
      ask: { gamma: ', depth: 3' },
    });
    const [four, five] = await bed.see('alpha', [
      chain(['beta', 'delta', 'epsilon'], NOTHING),
      chain(['beta', 'gamma', 'delta'], NOTHING),
    ]);
    expect(last(four, 3)).toEqual({ ok: 'open' });
    expect(reasonOf(last(five, 2))).toBe('denied:budget-exhausted');
  });

  it('calls a tool only as often as it may in one run', async () => {
    await make({ rows: [mayAsk('alpha', 'beta'), mayRead('alpha'), mayRead('beta')], ask: { beta: ', calls: 2' } });
    const seen = await bed.see(
      'alpha',
      [1, 2, 3].map(() => ask('beta', NOTHING)),
    );
    expect(seen.slice(0, 2).map((one) => answerOf(one))).toEqual([[{ ok: 'open' }], [{ ok: 'open' }]]);
    expect(reasonOf(seen[2])).toBe('denied:budget-exhausted');
    expect(bed.records()).toHaveLength(3);
  });
});
