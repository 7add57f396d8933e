import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { runCommand, startCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const GUEST = `
import { call } from 'sallyport:agent/tool-exec@0.1.0';
export function run(input) {
  if (input === 'wait') return call('wait', '{}').stdout;
  return [call('show', '{"file":"/workspace/open.txt"}'), call('show', '{"file":"' + input + '"}')]
    .map(({ exitCode, stdout }) => exitCode + ' ' + stdout).join('|');
}
`;

const CONFIGURATION = `version: 1
agents: { tester: { component: a.wasm } }
mounts: { /workspace: { directory: workspace } }
tools:
  show:
    description: shows a file
    command: /bin/cat
    arguments: ['--', '{file}']
    mounts: [/workspace]
    schema: { type: object, required: [file], properties: { file: { type: string } }, additionalProperties: false }
  wait:
    description: waits
    command: /bin/sleep
    arguments: ['93.157']
`;

let world: AgentWorld;
afterEach(() => world.remove());

function makeWorld(): void {
  world = makeAgentWorld({ configuration: CONFIGURATION, rows: ['p, role:any, tool:call, tool:*, -, allow, -'] });
  world.write('workspace/open.txt', 'open');
  world.write('outside.txt', 'outside');
}

const isWaiting = (): boolean =>
  readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith('sleep\x0093.157\0');
    } catch {
      return false; // it has just ended
    }
  });

async function until(condition: () => boolean, turns: number): Promise<void> {
  for (let turn = 0; turn < turns && !condition(); turn += 1) await sleep(20);
  expect(condition()).toBe(true);
}

describe('a tool that says nothing of its isolation', () => {
  it('sees its mounts and nothing else of the machine', async () => {
    makeWorld();
    const args = ['run', await inlineGuest(GUEST), '--json', '--input', `${world.directory}/outside.txt`];
    const { code, stdout } = await runCommand(args, { cwd: world.directory });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'ok', output: '0 open|1 ' });
  }, 60_000);

  it('does not outlive the host, however it ends', async () => {
    makeWorld();
    const args = ['run', await inlineGuest(GUEST), '--json', '--input', 'wait'];
    const running = startCommand(args, { cwd: world.directory });
    await until(isWaiting, 2000);
    running.child.kill('SIGKILL');
    await running.end;
    await until(() => !isWaiting(), 50);
  }, 60_000);
});
