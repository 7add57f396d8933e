import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openHost, type CellKind, type Host, type RunResult } from '../../host/index.ts';
import { GUEST_LANGUAGES } from '../../src/build/language.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { guest, reasonToSkip } from '../support/guests.ts';
import { agentText, componentOf, ECHO } from '../sandbox/support/wat.ts';

const CELLS: readonly CellKind[] = ['thread', 'process', 'shared'];
const ROWS = [
  'p, agent:tester, fs:read, /workspace/greeting.txt, -, allow, -',
  'p, agent:tester, log:write, log:info, -, allow, -',
];
const SPIN = '(loop $spin (br $spin)) (unreachable)';

let world: AgentWorld;
let host: Host;
const opened: (() => Promise<void>)[] = []; // nothing, where a test is skipped
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** Opens a host for a component, which may live in each of the cells. */
async function open(component: Uint8Array, limits: string, cell: CellKind = 'shared'): Promise<void> {
  const digest = `sha256:${hash('sha256', component, 'hex')}`;
  world = makeAgentWorld({
    configuration: `version: 1
cell: ${cell}
agents: { tester: { component: agent.wasm, digest: '${digest}', limits: { ${limits} } } }
mounts: { /workspace: { directory: workspace } }
wasi: { clock: '2026-01-02T03:04:05Z', random: 'seed:00ff' }
`,
    rows: ROWS,
  });
  world.write('workspace/greeting.txt', 'Good morning\n');
  world.write('agent.wasm', component);
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  opened.push(
    () => host.close(),
    () => Promise.resolve().then(() => world.remove()),
  );
}

describe.for(GUEST_LANGUAGES)('the fuel of hello in %s', (language) => {
  beforeAll(async () => {
    if ((await reasonToSkip(language)) === undefined) await guest('hello', language);
  });
  beforeEach(async ({ skip }) => {
    const reason = await reasonToSkip(language);
    skip(reason !== undefined, reason);
    await open(readFileSync(await guest('hello', language)), 'fuel: 20000000000');
    await host.prepare({});
  });

  it('is the same in every cell, ahead of its run or not', async () => {
    const used: (number | undefined)[] = [];
    for (const cell of CELLS) {
      const result = await host.run({ input: 'Ada', cell });
      expect(result).toMatchObject({ status: 'ok', cell, output: 'Good morning, Ada!' });
      used.push(result.usage.fuel);
    }
    for (const cell of ['thread', 'process'] as const) {
      expect(await host.warm({ cells: 1, cell })).toBe(1);
      used.push((await host.run({ input: 'Ada', cell })).usage.fuel);
    }
    expect(used[0]).toBeGreaterThan(100);
    expect(used).toEqual(used.map(() => used[0]));
    const closed = world.lastRecords().at(-1);
    expect(closed).toMatchObject({ type: 'run.closed', detail: { usage: { fuel: used[0] } } });
  });
});

describe('fuel', () => {
  it.each(CELLS)('that is spent is all that there was: %s', async (cell) => {
    await open(await componentOf(agentText({ fields: '', run: SPIN })), 'fuel: 1000000');
    const { status, error, usage }: RunResult = await host.run({ input: '', cell });
    expect({ status, limit: error?.limit, fuel: usage.fuel }).toEqual({
      status: 'limit',
      limit: 'fuel',
      fuel: 1_000_000,
    });
  });

  it('is in no result where nobody counts it', async () => {
    await open(await componentOf(agentText({ run: ECHO })), 'wall: 20s', 'thread');
    const { status, usage } = await host.run({ input: 'there' });
    expect(status).toBe('ok');
    expect(usage).not.toHaveProperty('fuel');
  });

  it('is not known of a guest that was killed', async () => {
    await open(await componentOf(agentText({ fields: '', run: SPIN })), 'fuel: 9000000000000, wall: 1s', 'thread');
    const { error, usage } = await host.run({ input: '' });
    expect(error?.limit).toBe('wallMs');
    expect(usage).not.toHaveProperty('fuel');
  });
});
