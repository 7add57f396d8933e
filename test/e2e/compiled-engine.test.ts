import { afterEach, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { runCommand } from '../support/command-line.ts';
import { guest } from '../support/guests.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const READ = 'p, agent:tester, fs:read, /workspace/greeting.txt, -, allow, -';
const LOG = 'p, agent:tester, log:write, log:info, -, allow, -';

async function hello(rows: readonly string[]) {
  const configuration =
    'version: 1\npolicy: { engine: compiled, shadow: 1 }\nagents: { tester: { component: agent.wasm } }\n' +
    'mounts: { /workspace: { directory: workspace } }\n';
  world = makeAgentWorld({ configuration, rows });
  world.write('workspace/greeting.txt', 'Good morning\n');
  return runCommand(['run', await guest('hello', 'js'), '--input', 'Ada', '--json'], { cwd: world.directory });
}

it('a run under the compiled engine is allowed what its rows say, and every decision of it is what Casbin says', async () => {
  const { code, stdout, stderr } = await hello([READ, LOG]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'ok', decisions: { allow: 2, deny: 0 } });
  expect(world.lastRecords().map(({ type }) => type)).not.toContain('policy.diverged');
});

it('a run under the compiled engine is denied what no row allows', async () => {
  const { code, stdout, stderr } = await hello([LOG]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'agent-error', decisions: { deny: 1 } });
  expect(stderr).toContain('denied fs:read /workspace/greeting.txt (no-rule');
});
