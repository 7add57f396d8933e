import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';

export const READ = 'p, agent:tester, fs:read, /workspace/greeting.txt, -, allow, -';
export const LOG = 'p, agent:tester, log:write, log:info, -, allow, -';

/** A world in which the `hello` example does its work; rows and sections may be added. */
export function greetingWorld(options: { rows?: readonly string[]; more?: string } = {}): AgentWorld {
  const world = makeAgentWorld({
    configuration: `version: 1
agents: { tester: { component: agent.wasm } }
mounts: { /workspace: { directory: workspace } }
${options.more ?? ''}`,
    rows: options.rows ?? [READ, LOG],
  });
  world.write('workspace/greeting.txt', 'Good morning\n');
  return world;
}

/** The one JSON value that a command printed. */
export function onlyJson(stdout: string): unknown {
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`not exactly one line: ${stdout}`);
  return JSON.parse(stdout);
}
