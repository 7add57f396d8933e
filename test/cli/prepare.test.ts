import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Inspection, PreparedAhead } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { guest } from '../support/guests.ts';
import { onlyJson } from './greeting-world.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const CONFIGURATION = (component: string): string => `version: 1
cell: thread
agents:
  first: { component: ${component} }
  second: { component: ${component}, limits: { memory: 32MiB } }
`;

async function preparing(...args: readonly string[]) {
  return command(['prepare', ...args], { cwd: world.directory });
}

describe('prepare', () => {
  it('fills the cache for every agent, and says what was there already', async () => {
    world = makeAgentWorld();
    // A cache of its own: the one of the other tests may hold the component already.
    world.write('sallyport.yaml', `${CONFIGURATION(await guest('hello', 'rust'))}cache: { directory: cache }\n`);
    const { code, stdout } = await preparing();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^first: component sha256:[0-9a-f]{64}, \d+ bytes, \d+ core modules\n {2}prepared, \d+ ms\nsecond: /,
    );
    expect(readdirSync(join(world.directory, 'cache'))).toHaveLength(2); // memory limits are a part of the key
    const { prepared } = onlyJson((await preparing('--json')).stdout) as { prepared: PreparedAhead[] };
    expect(prepared.map(({ agent, cached }) => [agent, cached])).toEqual([
      ['first', true],
      ['second', true],
    ]);
    const inspection = await command(['inspect', '--agent', 'first', '--json'], { cwd: world.directory });
    expect((onlyJson(inspection.stdout) as Inspection).component.cached).toBe(true);
  });

  it('ends with 3 for what is no component, and with 64 for an agent that is not there', async () => {
    world = makeAgentWorld({ configuration: CONFIGURATION('sallyport.yaml'), rows: [] });
    expect(await preparing('--agent', 'first')).toMatchObject({ code: 3, stdout: '' });
    expect(await preparing('--agent', 'nobody')).toMatchObject({ code: 64, stdout: '' });
  });
});
