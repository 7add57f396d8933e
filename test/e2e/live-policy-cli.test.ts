import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeAgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** Reads a file until it is denied, or so often; between two reads it takes its time. */
const GUEST = `
import { read } from 'sallyport:agent/fs@0.1.0';
export function run(input) {
  for (let count = 0, spun = 0; count < Number(input); count += 1) {
    for (let turn = 0; turn < 20000; turn += 1) spun += turn;
    try { read('/workspace/a', undefined); } catch (error) { return 'denied: ' + error.payload.val.reason; }
  }
  return 'never denied';
}`;
const READ = 'p, agent:tester, fs:read, /workspace/a, -, allow, -';
const OTHER = 'p, agent:tester, fs:read, /workspace/b, -, allow, -';

async function loopingWorld() {
  const world = makeAgentWorld({
    rows: [READ],
    configuration:
      'version: 1\nlimits: { hostCalls: 1000000, wall: 50s, cpu: 50s }\nagents: { tester: { component: agent.wasm } }\nmounts: { /workspace: { directory: workspace } }\n',
  });
  onTestFinished(() => world.remove());
  world.write('agent.wasm', readFileSync(await inlineGuest(GUEST)));
  world.write('workspace/a', 'a');
  const write = (text: string): void => writeFileSync(join(world.directory, 'policy', 'policy.csv'), text);
  const effects = (): number => {
    const [file] = world.records();
    return file === undefined ? 0 : readFileSync(file, 'utf8').split('effect.intended').length - 1;
  };
  const began = () => expect.poll(() => trying(effects), { timeout: 30_000, interval: 10 }).toBeGreaterThan(3);
  const run = (count: number, ...more: string[]) =>
    command(['run', '--input', String(count), ...more], { cwd: world.directory });
  return { world, write, began, run, effects };
}

/** The directory of the records is not there from the start. */
function trying(count: () => number): number {
  try {
    return count();
  } catch {
    return 0;
  }
}

it('sallyport run: a row that is taken out of policy.csv denies the next call, and the record shows both versions', async () => {
  const { world, write, began, run } = await loopingWorld();
  const running = run(100_000);
  await began();
  write('p, agent:tester, fs:read\n');
  await new Promise((resolve) => setTimeout(resolve, 200));
  write(`${OTHER}\n`);
  const { code, stdout, stderr } = await running;
  expect([code, stdout]).toEqual([0, 'denied: no-rule\n']);
  expect(stderr).toMatch(
    /policy rejected: ERR_POLICY_INVALID: .*; version 1 stays in force\n {2}.*policy\.csv:1:\d+: /,
  );
  expect(stderr).toContain('policy: version 2 is in force (1 rows added, 1 removed)');
  const records = world.lastRecords() as { type: string; policy?: { generation: number } }[];
  const generations = (type: string) =>
    new Set(records.filter((record) => record.type === type).map(({ policy }) => policy?.generation));
  expect(generations('effect.denied')).toEqual(new Set([2]));
  expect(generations('effect.intended')).toEqual(new Set([1]));
  const history = await command(['policy', 'history', '--json'], { cwd: world.directory });
  expect(JSON.parse(history.stdout)).toMatchObject({ versions: [{ generation: 2 }, { generation: 1 }] });
  expect((await command(['audit', 'verify'], { cwd: world.directory })).code).toBe(0);
});

it('sallyport run --no-watch keeps the policy that there was', async () => {
  const { write, began, run } = await loopingWorld();
  const running = run(300, '--no-watch');
  await began();
  write(`${OTHER}\n`);
  expect(await running).toMatchObject({ code: 0, stdout: 'never denied\n' });
});
