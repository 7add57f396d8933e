import { afterEach, describe, expect, it } from 'vitest';
import type { Inspection } from '../../host/index.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { guest } from '../support/guests.ts';
import { greetingWorld, LOG, onlyJson, READ } from './greeting-world.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const inspect = (...args: readonly string[]) => command(['inspect', ...args], { cwd: world.directory });

describe('inspect', () => {
  it('shows imports, the gate behind each, and the rules of the agent; nothing runs', async () => {
    world = greetingWorld();
    const component = await guest('hello', 'js');
    const { code, stdout } = await inspect(component);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^agent sha256:[0-9a-f]{64}, \d+ bytes/);
    expect(stdout).toMatch(/sallyport:agent\/fs@0\.1\.0 +fs +read/);
    expect(stdout).toContain(READ);
    expect(() => world.records()).toThrow(/ENOENT/);
    const json = onlyJson((await inspect(component, '--json')).stdout) as Inspection;
    expect(json.imports).toContainEqual(expect.objectContaining({ name: 'sallyport:agent/fs', servedBy: 'fs' }));
    expect(json.rules.map(({ row }) => row)).toEqual([READ, LOG]);
  });

  it('says that an agent without rules may do nothing', async () => {
    world = greetingWorld({ rows: [] });
    expect((await inspect(await guest('hello', 'js'))).stdout).toContain('may do nothing: no rule names it');
  });

  it('ends with 3 for what is no component', async () => {
    world = greetingWorld();
    const { code, stdout, stderr } = await inspect('sallyport.yaml');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('not a WebAssembly component');
    expect(onlyJson((await inspect('sallyport.yaml', '--json')).stdout)).toMatchObject({
      error: { code: 'ERR_COMPONENT_INVALID' },
    });
  });

  it('ends with 64 for an agent that is not there', async () => {
    world = greetingWorld();
    expect(await inspect('--agent', 'nobody')).toMatchObject({ code: 64, stdout: '' });
  });
});
