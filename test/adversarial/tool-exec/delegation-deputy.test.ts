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
} from '../../e2e/delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const make = async (options: BedOptions): Promise<DelegationBed> => (bed = await makeDelegationBed(options));
const reasonOf = (seen: Seen | undefined): string => `${seen?.error?.tag}:${seen?.error?.val?.reason}`;

const SECRET = '/workspace/secret.txt';
const READ_SECRET = ['read', SECRET] as const;

describe(
  'M1 confused deputy: an agent does nothing for a caller that the caller may not do',
  { timeout: 120_000 },
  () => {
    it('is denied what its caller may not do, and is allowed it on its own', async () => {
      await make({ rows: [mayAsk('alpha', 'beta'), mayRead('beta', SECRET)] });
      const [asked] = await bed.see('alpha', [ask('beta', READ_SECRET)]);
      expect(answerOf(asked).map(reasonOf)).toEqual(['denied:no-rule']);
      expect(await bed.see('beta', [READ_SECRET])).toEqual([{ ok: 'secret' }]);
    });

    it('tells the operator whose row is missing, and which', async () => {
      await make({ rows: [mayAsk('alpha', 'beta'), mayRead('beta', SECRET)] });
      await bed.see('alpha', [ask('beta', READ_SECRET)]);
      expect(bed.told).toMatchObject([{ about: 'alpha', action: 'fs:read', resource: SECRET, reason: 'no-rule' }]);
      const [event] = bed.told;
      if (event === undefined) throw new Error('nothing was told');
      expect(bed.host.help(event.about, event).rowsToAdd).toEqual([mayRead('alpha', SECRET)]);
      const denied = bed.records()[1]?.find(({ type }) => type === 'effect.denied');
      expect(denied?.principal).toMatchObject({ agent: 'agent:beta', callers: ['agent:alpha'] });
      expect(denied?.decision).toMatchObject({ agent: 'agent:alpha', reason: 'no-rule' });
    });

    it('is denied what it may not do itself, whatever its caller may', async () => {
      await make({ rows: [mayAsk('alpha', 'beta'), mayRead('alpha', SECRET)] });
      const [asked, own] = await bed.see('alpha', [ask('beta', READ_SECRET), READ_SECRET]);
      expect(answerOf(asked).map(reasonOf)).toEqual(['denied:no-rule']);
      expect(own).toEqual({ ok: 'secret' });
      expect(bed.told).toMatchObject([{ about: 'beta' }]);
    });

    it('is denied what one in the middle of the chain may not do', async () => {
      const rows = [mayAsk('alpha', 'beta'), mayAsk('beta', 'gamma'), mayAsk('alpha', 'gamma')];
      await make({ rows: [...rows, mayRead('alpha', SECRET), mayRead('gamma', SECRET)] });
      const [asked, direct] = await bed.see('alpha', [
        ask('beta', ask('gamma', READ_SECRET)),
        ask('gamma', READ_SECRET),
      ]);
      expect(answerOf(answerOf(asked)[0]).map(reasonOf)).toEqual(['denied:no-rule']);
      expect(answerOf(direct)).toEqual([{ ok: 'secret' }]);
      expect(bed.told).toMatchObject([{ about: 'beta' }]);
    });

    it('is denied what a rule forbids to its caller', async () => {
      const deny = `p, agent:alpha, fs:read, ${SECRET}, -, deny, -`;
      await make({ rows: [mayAsk('alpha', 'beta'), mayRead('alpha', '/workspace/**'), mayRead('beta', SECRET), deny] });
      const [asked] = await bed.see('alpha', [ask('beta', READ_SECRET, ['read', '/workspace/open.txt'])]);
      expect(answerOf(asked).map(reasonOf)).toEqual(['denied:forbidden-by-rule', 'denied:no-rule']);
    });

    it('calls no tool that its caller may not call, and neither sees it nor is told that it would be allowed', async () => {
      const print = 'print: { kind: function, description: Prints. }';
      const allow = 'p, agent:beta, tool:call, tool:print, -, allow, -';
      await make({ rows: [mayAsk('alpha', 'beta'), allow], tools: [print], functions: { print: () => 'printed' } });
      const steps = [['call', 'print', {}], ['list'], ['check', 'tool:call', 'tool:print']] as const;
      const [asked] = await bed.see('alpha', [ask('beta', ...steps)]);
      const [call, list, check] = answerOf(asked);
      expect(reasonOf(call)).toBe('denied:no-rule');
      expect(list).toEqual({ ok: [] });
      expect(check).toMatchObject({ error: { tag: 'denied' } });
      const [own] = await bed.see('beta', [['call', 'print', {}]]);
      expect(own?.ok).toMatchObject({ exitCode: 0, stdout: 'printed' });
    });
  },
);

describe('M1 widened delegation: nothing about a call gives more than the caller has', { timeout: 120_000 }, () => {
  it('runs for the purpose and the person of the caller, not for its own', async () => {
    const agents = { beta: ', purpose: play, onBehalfOf: user:bob' };
    const rows = [
      mayAsk('alpha', 'beta'),
      mayRead('alpha', '/workspace/**'),
      `p, agent:beta, fs:read, ${SECRET}, purpose=play, allow, -`,
    ];
    await make({ rows, agents });
    const script = { steps: [ask('beta', READ_SECRET)] };
    const { output = '' } = await bed.run('alpha', script, { purpose: 'work', onBehalfOf: 'user:ann' });
    const [asked] = JSON.parse(output) as Seen[]; // what the guest makes of its steps
    expect(answerOf(asked).map(reasonOf)).toEqual(['denied:no-rule']);
    const opened = bed.records()[1]?.[0];
    expect(opened).toMatchObject({ purpose: 'work', principal: { agent: 'agent:beta', onBehalfOf: 'user:ann' } });
    expect(await bed.see('beta', [READ_SECRET])).toEqual([{ ok: 'secret' }]);
  });

  it('does not lift a protection that the caller has no rule to lift', async () => {
    const rows = [mayAsk('alpha', 'beta'), mayRead('alpha', '/workspace/**'), mayRead('beta', '/workspace/.env')];
    await make({ rows });
    bed.world.write('workspace/.env', 'TOKEN=1');
    const [asked] = await bed.see('alpha', [ask('beta', ['read', '/workspace/.env'])]);
    expect(answerOf(asked).map(reasonOf)).toEqual(['denied:protected-resource']);
    expect(await bed.see('beta', [['read', '/workspace/.env']])).toEqual([{ ok: 'TOKEN=1' }]);
  });
});
