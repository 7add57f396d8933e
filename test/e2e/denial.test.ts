import { afterEach, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { runCommand } from '../support/command-line.ts';
import { guest } from '../support/guests.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const MOUNT =
  'version: 1\nagents: { tester: { component: agent.wasm } }\nmounts: { /workspace: { directory: workspace } }\n';
const READ = 'p, agent:tester, fs:read, /workspace/greeting.txt, -, allow, -';
const LOG = 'p, agent:tester, log:write, log:info, -, allow, -';

async function hello(rows: readonly string[]) {
  world = makeAgentWorld({ configuration: MOUNT, rows });
  world.write('workspace/greeting.txt', 'Good morning\n');
  return runCommand(['run', await guest('hello', 'js'), '--input', 'Ada', '--json'], { cwd: world.directory });
}

describe('a run without rules', () => {
  it('is denied everything, and the operator is shown the row to add', async () => {
    const { code, stdout, stderr } = await hello([]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'agent-error', decisions: { allow: 0, deny: 1, pending: 0 } });
    expect(stderr).toContain('denied fs:read /workspace/greeting.txt (no-rule');
    expect(stderr).toContain(`to allow it, add: ${READ}`);
  });

  it('runs once the rows that it was shown are there', async () => {
    const { code, stdout } = await hello([READ, LOG]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'ok',
      output: 'Good morning, Ada!',
      decisions: { allow: 2, deny: 0, pending: 0 },
    });
  });

  it('never shows the guest policy text or host paths', async () => {
    const { stdout } = await hello(['p, agent:tester, fs:read, /workspace/greeting.txt, -, deny, -']);
    const { error } = JSON.parse(stdout) as { error: { message: string } };
    expect(error.message).toContain('forbidden');
    expect(error.message).not.toContain(world.directory);
    expect(error.message).not.toContain('agent:tester');
  });
});
