import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generationsOf, makeLiveBed, mayRead, other, READ, type LiveBed } from '../../e2e/live-policy-bed.ts';

const SWAPS = 1000;
const rows = (turn: number): string => `${mayRead('agent:alpha')}\n${other(turn)}\n`;

/** Exchanges the policy so often; every so often other things get a turn. */
async function storm(bed: LiveBed, swaps: number): Promise<void> {
  for (let turn = 1; turn <= swaps; turn += 1) {
    writeFileSync(bed.policyFile, rows(turn));
    expect((await bed.host.reloadPolicy()).status).toBe('changed');
    if (turn % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a policy that is exchanged a thousand times', () => {
  it('decides each call of every run under exactly one of them, in order, and the last under the last', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], watch: false, wall: '10m' });
    const kinds = ['thread', 'process', 'thread'] as const;
    const running = kinds.map((cell) => bed.run(['read', READ], { cell }));
    await expect.poll(() => bed.world.records().length, { timeout: 30_000 }).toBe(3);
    await bed.began();
    await storm(bed, SWAPS);
    writeFileSync(bed.policyFile, `${other(0)}\n`);
    await bed.host.reloadPolicy();
    for (const { status, output } of await Promise.all(running)) {
      expect(status).toBe('ok');
      expect(JSON.parse(output ?? '')).toMatchObject({ reason: 'no-rule' });
    }
    const byRun = Map.groupBy(bed.decisions(), ({ run }) => run);
    expect(byRun.size).toBe(3);
    const digests = new Map<number, string>();
    for (const decided of byRun.values()) {
      const generations = generationsOf(decided);
      expect(generations).toEqual([...new Set(generations)].sort((one, two) => one - two));
      expect(generations.at(-1)).toBe(SWAPS + 2);
      for (const { generation, digest } of decided) {
        expect(digests.get(generation) ?? digest).toBe(digest);
        digests.set(generation, digest);
      }
    }
    expect(digests.size).toBeGreaterThan(5);
    expect(bed.host.policyStatus()).toMatchObject({ changes: SWAPS + 1, rejections: 0, notKept: 0 });
  }, 240_000);

  it('leaves nothing behind: not in memory, not on the disk', async () => {
    const bed = await makeLiveBed({ rows: [mayRead('agent:alpha')], watch: false });
    await storm(bed, 100);
    const resources = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const [ports, before] = [resources(), process.memoryUsage().heapUsed];
    await storm(bed, 300);
    expect(resources()).toBe(ports);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
    const { openPolicyHistory } = await import('../../../host/index.ts');
    const history = openPolicyHistory({ configuration: 'sallyport.yaml', workingDirectory: bed.world.directory });
    expect(history.versions().length).toBeLessThanOrEqual(220);
  }, 240_000);
});
