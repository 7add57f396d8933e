import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { startCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const GUEST = `
import { call } from 'sallyport:agent/tool-exec@0.1.0';
export function run() { return String(call('wait', '{}').exitCode); }
`;

const CONFIGURATION = `version: 1
agents: { tester: { component: a.wasm } }
tools:
  wait:
    description: waits
    isolation: none
    command: /bin/sleep
    arguments: ['97.531']
    schema: { type: object, properties: {}, additionalProperties: false }
`;

let world: AgentWorld;
afterEach(() => world.remove());

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600 && !condition(); turn += 1) await sleep(50);
  expect(condition()).toBe(true);
}

/** Whether some process of this machine has this command line. */
async function runs(words: string): Promise<boolean> {
  const { readdirSync, readFileSync } = await import('node:fs');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words);
      } catch {
        return false; // it has just ended
      }
    });
}

describe('Ctrl-C', () => {
  it('ends the agent and its tools, and closes the record', async () => {
    world = makeAgentWorld({ configuration: CONFIGURATION, rows: ['p, role:any, tool:call, tool:wait, -, allow, -'] });
    const running = startCommand(['run', await inlineGuest(GUEST), '--json'], { cwd: world.directory });
    await until(() => {
      try {
        return world.lastRecords().some(({ type }) => type === 'effect.intended');
      } catch {
        return false; // there is no record yet
      }
    });
    for (let turn = 0; turn < 100 && !(await runs('sleep 97.531')); turn += 1) await sleep(50);
    expect(await runs('sleep 97.531')).toBe(true);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.end;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'agent-error', error: { code: 'cancelled' } });
    expect(world.lastRecords().at(-1)).toMatchObject({ type: 'run.closed' });
    expect(await runs('sleep 97.531')).toBe(false);
  }, 60_000);
});
