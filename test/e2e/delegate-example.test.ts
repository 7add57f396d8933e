import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../support/command.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { guest } from '../support/guests.ts';

const example = join(import.meta.dirname, '../../guest-examples/delegate');

async function makeWorld(): Promise<AgentWorld> {
  const configuration = readFileSync(join(example, 'sallyport.yaml'), 'utf8')
    .replace('../../build/delegate.wasm', await guest('delegate', 'js'))
    .replace('../../build/hello.wasm', await guest('hello', 'js'));
  const world = makeAgentWorld({ configuration });
  for (const folder of ['policy', 'workspace'])
    cpSync(join(example, folder), join(world.directory, folder), { recursive: true });
  return world;
}

describe('the delegate example on the command line', { timeout: 600_000 }, () => {
  let world: AgentWorld;
  // Preparing a component for the first time is part of the call, and of the time that it has.
  beforeAll(async () => {
    world = await makeWorld();
    for (const agent of ['delegate', 'hello'])
      expect((await command(['inspect', '--agent', agent], { cwd: world.directory })).code).toBe(0);
    world.remove();
  }, 600_000);
  beforeEach(async () => void (world = await makeWorld()));
  afterEach(() => world.remove());

  const run = (input: string) =>
    command(['run', '--agent', 'delegate', '--input', input, '--json'], { cwd: world.directory });

  it('greets everybody, one run for each', async () => {
    const { code, stdout, stderr } = await run('Ada, Grace');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'ok',
      output: 'Hello from the workspace, Ada!\nHello from the workspace, Grace!',
      decisions: { allow: 2, deny: 0 },
    });
    expect(world.records()).toHaveLength(3);
    for (const file of world.records())
      expect((await command(['audit', 'verify', file], { cwd: world.directory })).code).toBe(0);
  });

  it('decides a call by the values of its arguments', async () => {
    const { stdout } = await run('root');
    expect(JSON.parse(stdout)).toMatchObject({ output: 'root: no-rule' });
  });

  it('tells the row that the caller lacks, where the agent that it calls has it', async () => {
    const policy = readFileSync(join(example, 'policy/policy.csv'), 'utf8').replace(
      'g, agent:delegate, role:greeter\n',
      '',
    );
    world.write('policy/policy.csv', policy);
    const { stdout, stderr } = await run('Ada');
    expect(JSON.parse(stdout)).toMatchObject({ output: 'Ada: hello failed: the greeting: no-rule' });
    const shown = await command(['audit', 'show', 'latest'], { cwd: world.directory });
    expect(shown.stdout).toMatch(/^agent:hello, called by agent:delegate\n/);
    expect(shown.stdout).toMatch(/effect\.denied +fs:read .* deny \(no-rule of agent:delegate\)/);
    expect(stderr).toMatch(/denied fs:read \/workspace\/greeting\.txt \(no-rule/);
    expect(stderr).toMatch(/to allow it, add: p, agent:delegate, fs:read, \/workspace\/greeting\.txt, -, allow, -/);
    const alone = await command(['run', '--agent', 'hello', '--input', 'Ada'], { cwd: world.directory });
    expect(alone.stdout).toBe('Hello from the workspace, Ada!\n');
  });
});
