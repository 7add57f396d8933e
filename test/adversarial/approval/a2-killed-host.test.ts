import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openApprovals, type ShownQuestion } from '../../../host/index.ts';
import { input, makeApprovalWorld } from '../../e2e/approval-bed.ts';
import type { AgentWorld } from '../../support/agent-world.ts';
import { runCommand, startCommand } from '../../support/command-line.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const A = input(['write', '/workspace/a.txt', 'one']);
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const file = (): string | undefined => {
  try {
    return readFileSync(join(world.directory, 'workspace/a.txt'), 'utf8');
  } catch {
    return undefined;
  }
};

/** Starts a run in a process of its own and kills it, with -9, while it waits for a person. */
async function killWhileWaiting(text = A): Promise<ShownQuestion> {
  const { child, end } = startCommand(['run', '--agent', 'pay', '--input', text], { cwd: world.directory });
  const view = openApprovals({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  let asked: ShownQuestion | undefined;
  while ((asked = view.list()[0]) === undefined) await later(50);
  expect(asked).toMatchObject({ state: 'open', waiting: true });
  child.kill('SIGKILL');
  await end;
  const left = view.show(asked.id);
  view.close();
  return left;
}
const sallyport = (...args: readonly string[]) => runCommand(args, { cwd: world.directory });
const result = async (text = A, ...more: readonly string[]) => {
  const { stdout } = await sallyport(
    'run',
    '--agent',
    'pay',
    '--input',
    text,
    '--json',
    '--approve',
    'auto-no',
    ...more,
  );
  return JSON.parse(stdout) as { output: string; decisions: object };
};

describe.each(['thread', 'process'] as const)('A2 a host that is killed while a %s cell waits', (cell) => {
  it('leaves a question that can be answered, and a run that asks the same uses the answer once', async () => {
    world = await makeApprovalWorld({ cell, ttl: '10m' });
    const left = await killWhileWaiting();
    expect(left).toMatchObject({ state: 'open', waiting: false });
    expect(file()).toBeUndefined();
    expect((await sallyport('approve', 'grant', left.id, '--as', 'user:ada')).code).toBe(0);
    // Something else is not what was approved.
    expect(await result(input(['write', '/workspace/a.txt', 'two']))).toMatchObject({ output: 'not-approved' });
    expect(await result()).toMatchObject({ output: 'written', decisions: { allow: 1, deny: 0, pending: 0 } });
    expect(file()).toBe('one');
    const types = world.lastRecords().map(({ type }) => type);
    expect(types.slice(1, 4)).toEqual(['approval.asked', 'approval.answered', 'effect.intended']);
    expect(world.lastRecords()[3]?.['decision']).toMatchObject({ approval: left.id });
    expect(await result()).toMatchObject({ output: 'not-approved' });
  });
});

it('A2 an answer to a killed run is not for another policy, nor for another person', async () => {
  world = await makeApprovalWorld({ ttl: '10m' });
  const left = await killWhileWaiting();
  await sallyport('approve', 'grant', left.id, '--as', 'user:ada');
  expect(await result(A, '--on-behalf-of', 'user:eve')).toMatchObject({ output: 'not-approved' });
  const rows = readFileSync(join(world.directory, 'policy/policy.csv'), 'utf8');
  world.write('policy/policy.csv', `${rows}p, agent:pay, fs:read, /workspace/b, -, allow, -\n`);
  expect(await result()).toMatchObject({ output: 'not-approved' });
  world.write('policy/policy.csv', rows);
  expect(await result()).toMatchObject({ output: 'written' });
});
