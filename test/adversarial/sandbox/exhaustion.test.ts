import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import { bedOf, CELLS, GRACE_MS } from '../../sandbox/support/cell.ts';
import { hostileComponent } from '../../sandbox/support/wat.ts';
import { guest } from '../../support/guests.ts';

const MIB = 1_048_576;

describe.each(CELLS)('an agent that uses up the host, in a %s cell', (cell) => {
  const { prepared, runCell } = bedOf(cell);
  let agent: Artefact;
  let cache: string;
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'sallyport-sandbox-'));
    agent = await prepared(await readFile(await guest('hostile/exhaustion', 'js')), cache);
    return () => rm(cache, { recursive: true });
  });

  it.each(['spin', 'pattern'])('ends at the wall clock: %s', async (input) => {
    const { guest: end, usage } = await runCell(agent, { input, limits: { wallMs: 1200 } });
    expect(end).toEqual({ kind: 'limit', limit: 'wallMs', message: 'the run took longer than 1200 ms' });
    expect(usage.wallMs).toBeLessThan(1200 + GRACE_MS);
  });

  it('ends at the CPU limit while it spins', async () => {
    const { guest: end, usage } = await runCell(agent, { input: 'spin', limits: { cpuMs: 200 } });
    expect(end).toEqual({ kind: 'limit', limit: 'cpuMs', message: 'the run used more than 200 ms of CPU time' });
    expect(usage.cpuMs).toBeGreaterThanOrEqual(200);
    expect(usage.cpuMs).toBeLessThan(200 + GRACE_MS);
  });

  it('ends when a start function spins before `run`', async () => {
    const spinning = await prepared(await hostileComponent('spinning-start'), cache);
    const { guest: end } = await runCell(spinning, { limits: { cpuMs: 200 } });
    expect(end).toMatchObject({ kind: 'limit', limit: 'cpuMs' });
  });

  it('gets no memory beyond its limit', async () => {
    const before = process.memoryUsage().rss;
    const { guest: end, usage } = await runCell(agent, { input: 'allocate' });
    expect(end).toMatchObject({ kind: 'limit', limit: 'memoryBytes' });
    expect(usage.peakLinearMemoryBytes).toBeGreaterThan(16 * MIB);
    expect(usage.peakLinearMemoryBytes).toBeLessThanOrEqual(64 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB + 128 * MIB);
  });

  it('ends when it recurses without end', async () => {
    const { guest: end } = await runCell(agent, { input: 'recurse' });
    expect(end).toMatchObject({ kind: 'limit', limit: 'stackBytes' });
  });

  it('ends at the number of calls to the host', async () => {
    const { guest: end, usage, messages } = await runCell(agent, { input: 'flood', limits: { hostCalls: 100 } });
    expect(end).toMatchObject({
      kind: 'limit',
      limit: 'hostCalls',
      message: 'the agent made more than 100 calls to the host',
    });
    expect(usage.hostCalls).toBe(101);
    expect(messages).toHaveLength(100);
  });

  it('ends when one call carries far more than a call may', async () => {
    const { guest: end, messages } = await runCell(agent, { input: 'large' });
    expect(end).toMatchObject({ kind: 'limit', limit: 'callBytes' });
    expect(messages).toEqual([]);
  });

  it('ends when its answer is larger than a call may carry', async () => {
    expect((await runCell(agent, { input: 'answer' })).guest).toMatchObject({ kind: 'limit', limit: 'callBytes' });
  });

  it('runs within the same limits where it behaves', async () => {
    const { guest: end } = await runCell(agent, { input: 'call', limits: { hostCalls: 1 } });
    expect(end).toEqual({ kind: 'ok', output: 'called' });
  });
});
