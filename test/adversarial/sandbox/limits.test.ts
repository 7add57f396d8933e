import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHost, verifyAudit, type Host, type RunResult } from '../../../host/index.ts';
import type { LimitName } from '../../../host/contracts/limits.ts';
import { CELLS } from '../../sandbox/support/cell.ts';
import { hostileComponent } from '../../sandbox/support/wat.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';
import { celledAgent, celledLimits } from '../../support/celled-agent.ts';
import { guest } from '../../support/guests.ts';

/** The promise is 250 ms. What a machine with more work than processors adds is not the host's: a quiet one is told so. */
const GRACE_MS = 250;
const BUSY_MS = process.env['SALLYPORT_STRICT_DEADLINES'] === '1' ? 0 : 2000;

interface Attack {
  readonly what: string;
  readonly limit: LimitName;
  /** Which component of `guest-examples/hostile`. */
  readonly component: 'flooding' | 'exhaustion' | 'spinning-start' | 'lists';
  readonly input: string;
  readonly limits: string;
  /** The budget where it is one of time. */
  readonly budgetMs?: number;
  /** A function that was under way, where the component has names. */
  readonly frame?: RegExp;
  /** It is the broker of a process that counts: it does not see the stack of the guest. */
  readonly counted?: true;
}

const ATTACKS: readonly Attack[] = [
  { what: 'sleeps', limit: 'wallMs', component: 'flooding', input: 'w', limits: 'wall: 1s', budgetMs: 1000 },
  { what: 'spins', limit: 'cpuMs', component: 'flooding', input: 's', limits: 'cpu: 300ms', budgetMs: 300 },
  { what: 'spins', limit: 'wallMs', component: 'flooding', input: 's', limits: 'wall: 1s', budgetMs: 1000 },
  { what: 'spins', limit: 'fuel', component: 'flooding', input: 's', limits: 'fuel: 1000000', frame: /^spinning \(/ },
  { what: 'spins in a start function', limit: 'cpuMs', component: 'spinning-start', input: '', limits: 'cpu: 300ms', budgetMs: 300 }, // prettier-ignore
  { what: 'matches a slow pattern', limit: 'cpuMs', component: 'exhaustion', input: 'pattern', limits: 'cpu: 300ms', budgetMs: 300 }, // prettier-ignore
  { what: 'throws and catches for ever', limit: 'cpuMs', component: 'exhaustion', input: 'retry', limits: 'cpu: 300ms', budgetMs: 300 }, // prettier-ignore
  { what: 'catches what ends it', limit: 'hostCalls', component: 'flooding', input: 'c', limits: 'hostCalls: 50' },
  { what: 'grows its memory', limit: 'memoryBytes', component: 'flooding', input: 'm', limits: 'memory: 32MiB', frame: /^growing-memory \(/ }, // prettier-ignore
  { what: 'grows its tables', limit: 'tableEntries', component: 'flooding', input: 't', limits: 'tableEntries: 20000', frame: /^growing-tables \(/ }, // prettier-ignore
  { what: 'recurses', limit: 'stackBytes', component: 'flooding', input: 'r', limits: 'stack: 1MiB', frame: /^recursing \(/ }, // prettier-ignore
  { what: 'collects handles', limit: 'handles', component: 'flooding', input: 'h', limits: 'handles: 100', frame: /^collecting-handles \(/, counted: true }, // prettier-ignore
  { what: 'collects pollables', limit: 'pollables', component: 'flooding', input: 'h', limits: 'pollables: 50', frame: /^collecting-handles \(/, counted: true }, // prettier-ignore
  { what: 'floods its output', limit: 'outputBytes', component: 'flooding', input: 'o', limits: 'outputBytes: 10KiB' }, // prettier-ignore
  { what: 'floods the log', limit: 'logBytes', component: 'exhaustion', input: 'flood', limits: 'logBytes: 50' },
  { what: 'floods the host with calls', limit: 'hostCalls', component: 'flooding', input: 'd', limits: 'hostCalls: 200', frame: /^dropping-handles \(/, counted: true }, // prettier-ignore
  { what: 'takes random bytes', limit: 'randomBytes', component: 'flooding', input: 'b', limits: 'randomBytes: 1MiB' },
  { what: 'takes random numbers', limit: 'randomBytes', component: 'flooding', input: 'n', limits: 'randomBytes: 1KiB' }, // prettier-ignore
  { what: 'has much carried in', limit: 'bytesIn', component: 'flooding', input: 'b', limits: 'bytesIn: 1MiB' },
  { what: 'carries much out', limit: 'bytesOut', component: 'exhaustion', input: 'flood', limits: 'bytesOut: 1KiB' },
  { what: 'makes one call of much', limit: 'callBytes', component: 'exhaustion', input: 'large', limits: 'callBytes: 1MiB' }, // prettier-ignore
  { what: 'polls one handle forty million times', limit: 'callBytes', component: 'lists', input: 'p', limits: 'heap: 32MiB', frame: /^polling-one-handle \(/ }, // prettier-ignore
  { what: 'polls one handle a million times', limit: 'heapBytes', component: 'lists', input: 'h', limits: 'heap: 32MiB', frame: /^polling-a-million \(/ }, // prettier-ignore
  { what: 'lists a million pairs of nothing', limit: 'heapBytes', component: 'lists', input: 'n', limits: 'heap: 64MiB', frame: /^listing-nothing \(/ }, // prettier-ignore
  { what: 'lists one text four thousand times', limit: 'callBytes', component: 'lists', input: 't', limits: 'heap: 32MiB', frame: /^repeating-a-text \(/ }, // prettier-ignore
  { what: 'gives a text of nearly its whole memory', limit: 'callBytes', component: 'lists', input: 'l', limits: 'heap: 32MiB', frame: /^giving-a-large-text \(/ }, // prettier-ignore
  { what: 'answers with nearly its whole memory', limit: 'callBytes', component: 'lists', input: 'a', limits: 'heap: 32MiB' }, // prettier-ignore
];

/** What the process holds that a run could leave behind. */
const heldNow = (): { descriptors: number; children: number } => ({
  descriptors: readdirSync('/proc/self/fd').length,
  children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).length,
});

describe.each(CELLS)('in a cell of kind `%s`, an agent that', (cell) => {
  const worlds: AgentWorld[] = [];
  const components = new Map<Attack['component'], Uint8Array>();
  beforeAll(async () => {
    components.set('flooding', await hostileComponent('flooding'));
    components.set('lists', await hostileComponent('lists'));
    components.set('spinning-start', await hostileComponent('spinning-start'));
    components.set('exhaustion', readFileSync(await guest('hostile/exhaustion', 'js')));
  });
  afterAll(() => worlds.forEach((world) => world.remove()));

  async function hostFor({
    component,
    limits,
  }: Pick<Attack, 'component' | 'limits'>): Promise<{ host: Host; world: AgentWorld }> {
    const bytes = components.get(component) ?? new Uint8Array();
    const agent = celledAgent(cell, bytes);
    const configuration = `version: 1\nlimits: ${celledLimits(cell, limits)}\nagents: { tester: ${agent}, neighbour: ${agent} }\n`;
    const world = makeAgentWorld({ configuration, rows: ['p, role:any, log:write, log:*, -, allow, -'] });
    worlds.push(world);
    world.write('agent.wasm', bytes);
    return { host: await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory }), world };
  }

  const run = (host: Host, input: string): Promise<RunResult> => host.run({ agent: 'tester', input, cell });

  it.each(ATTACKS)('$what ends at its limit `$limit`', async (attack) => {
    const { host, world } = await hostFor(attack);
    const result = await run(host, attack.input);
    await host.close();
    expect(result).toMatchObject({ status: 'limit', cell, error: { code: 'limit', limit: attack.limit } });
    if (attack.budgetMs !== undefined) {
      const used = attack.limit === 'wallMs' ? result.usage.wallMs : result.usage.cpuMs;
      expect(used).toBeGreaterThanOrEqual(attack.budgetMs);
      expect(used, 'the promise').toBeLessThan(attack.budgetMs + GRACE_MS + BUSY_MS);
    }
    if (attack.frame !== undefined && !(cell === 'process' && attack.counted === true))
      expect(result.error?.stack?.[0]).toMatch(attack.frame);
    const records = world.lastRecords();
    expect(records).toContainEqual(
      expect.objectContaining({ type: 'limit.hit', detail: { limit: attack.limit, message: result.error?.message } }),
    );
    expect(records.at(-1)).toMatchObject({ type: 'run.closed', detail: { status: 'limit' } });
    const location = { directory: world.directory, workingDirectory: world.directory };
    expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  });

  it('is one of twenty leaves nothing behind', async () => {
    const { host } = await hostFor({ component: 'flooding', limits: 'randomBytes: 4MiB, memory: 64MiB' });
    for (let warm = 0; warm < 3; warm++) await run(host, 'b');
    const before = heldNow();
    const { rss, arrayBuffers } = process.memoryUsage();
    for (let round = 0; round < 10; round++) {
      expect((await run(host, 'b')).error?.limit).toBe('randomBytes');
      expect((await run(host, 'm')).error?.limit).toBe('memoryBytes');
    }
    const after = process.memoryUsage();
    expect(heldNow().children).toBe(before.children);
    expect(heldNow().descriptors).toBeLessThanOrEqual(before.descriptors + 2);
    expect(after.arrayBuffers - arrayBuffers).toBeLessThan(16 << 20);
    expect(after.rss - rss, 'less than one of them had').toBeLessThan(64 << 20);
    await host.close();
  });

  it('spins does not keep its neighbour from its end', async () => {
    const { host } = await hostFor({ component: 'flooding', limits: 'cpu: 2s' });
    const [hostile, neighbour] = await Promise.all([
      run(host, 's'),
      host.run({ agent: 'neighbour', input: 'a neighbour', cell }),
    ]);
    expect(hostile.error?.limit).toBe('cpuMs');
    expect(neighbour).toMatchObject({ status: 'ok', output: 'a neighbour' });
    await host.close();
  });
});
