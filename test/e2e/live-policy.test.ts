import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generationsOf, makeLiveBed, mayRead, other, READ } from './live-policy-bed.ts';

describe.each(['thread', 'process', 'shared'])('a run in a %s cell whose guest never waits', (cell) => {
  it('is denied by its next call when its grant is gone, and the record names both policies', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], cell });
    const running = bed.run(['read', READ]);
    await bed.began();
    bed.write(other(1));
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'no-rule' });
    const decided = bed.decisions();
    expect(generationsOf(decided)).toEqual([1, 2]);
    expect(decided.filter(({ type }) => type === 'effect.denied')).toMatchObject([{ generation: 2 }]);
    expect(decided.at(-1)?.digest).toBe(bed.host.policyStatus().policy.digest);
    expect(bed.events).toMatchObject([{ kind: 'policy.changed', added: 1, removed: 1 }]);
  });

  it('goes on through a change that leaves its grant', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], cell });
    const running = bed.run(['read', READ]);
    await bed.began();
    bed.write(mayRead('agent:alpha'), other(1));
    await expect.poll(() => generationsOf(bed.decisions()), { timeout: 10_000 }).toEqual([1, 2]);
    bed.write(other(1));
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'no-rule' });
    expect(generationsOf(bed.decisions())).toEqual([1, 2, 3]);
  });
});

describe('a policy that changes while agents run', () => {
  it('takes a role away from an agent that is running', async () => {
    const bed = await makeLiveBed({ rows: ['g, agent:alpha, role:reader', mayRead('role:reader')] });
    const running = bed.run(['read', READ]);
    await bed.began();
    bed.write('g, agent:nobody, role:reader', mayRead('role:reader'));
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'no-rule' });
  });

  it('gives a tool to an agent that is running: it is listed', async () => {
    const bed = await makeLiveBed({ rows: [] });
    const running = bed.run(['list']);
    await expect.poll(() => bed.world.records().length, { timeout: 20_000 }).toBe(1);
    bed.write('p, agent:alpha, tool:call, tool:ask/beta, -, allow, -');
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'listed' });
  });

  it('is what an agent hears that asks', async () => {
    const check = 'p, agent:alpha, policy:check, policy:self, -, allow, -';
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha'), check] });
    // Without the file gate there is nothing to ask about: the guest imports it.
    const running = bed.run(['check', READ]);
    await bed.began();
    bed.write(check);
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'deny' });
  });

  it('narrows a called agent by what its caller may not do any more', async () => {
    const call = 'p, agent:alpha, tool:call, tool:ask/beta, -, allow, -';
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha'), mayRead('agent:beta'), call] });
    const running = bed.run(['ask', 'beta', 'read', READ]);
    await expect.poll(() => bed.world.records().length, { timeout: 20_000 }).toBe(2);
    await bed.began();
    bed.write(mayRead('agent:beta'), call); // the caller's own rule is gone
    expect(JSON.parse((await running).output ?? '')).toMatchObject({ reason: 'asked no-rule' });
    const decided = bed.decisions().filter(({ agent }) => agent === 'agent:beta');
    expect(generationsOf(decided)).toEqual([1, 2]);
  });

  it('holds for cells that were opened before it', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], watch: false });
    expect(await bed.host.warm({ agent: 'alpha', cells: 2 })).toBe(2);
    bed.write(other(1));
    expect(await bed.host.reloadPolicy()).toMatchObject({ status: 'changed', policy: { generation: 2 } });
    const { output } = await bed.run(['read', READ]);
    expect(JSON.parse(output ?? '')).toEqual({ count: 0, reason: 'no-rule' });
    expect(generationsOf(bed.decisions())).toEqual([2]);
  });

  it('does not concern another host in the same process', async () => {
    const [one, two] = [
      await makeLiveBed({ rows: [mayRead('agent:alpha')] }),
      await makeLiveBed({ rows: [mayRead('agent:alpha')] }),
    ];
    const running = two.run(['read', READ]);
    await two.began();
    one.write(other(1));
    await expect.poll(() => one.events.length, { timeout: 10_000 }).toBe(1);
    expect(two.events).toEqual([]);
    expect(two.host.policyStatus()).toMatchObject({ policy: { generation: 1 }, changes: 0 });
    two.write(other(1));
    await running;
  });

  it('is followed no more when the host is closed', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')] });
    await bed.host.close();
    bed.write(other(1));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(bed.host.policyStatus().changes).toBe(0);
  });

  it('keeps its number over a restart, and goes on counting from it', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], watch: false });
    const again = async () => {
      const { openHost } = await import('../../host/index.ts');
      const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: bed.world.directory });
      const { policy } = host.policyStatus();
      await host.close();
      return policy.generation;
    };
    bed.write(other(1));
    await bed.host.reloadPolicy();
    expect(await again()).toBe(2);
    bed.write(other(2));
    expect(await again()).toBe(3);
    expect(readFileSync(bed.policyFile, 'utf8')).toContain('/workspace/2');
    appendFileSync(bed.policyFile, '# a comment\n');
    await bed.host.reloadPolicy();
    expect(await again()).toBeGreaterThanOrEqual(3);
  });
});
