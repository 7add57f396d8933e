import { afterEach, describe, expect, it } from 'vitest';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openHost } from '../../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';
import { guest } from '../../support/guests.ts';

const CONFIGURATION = `version: 1
agents: { tester: { component: a.wasm } }
mounts: { /workspace: { directory: workspace, access: rw } }
`;

let world: AgentWorld;
afterEach(() => world.remove());

async function run(component: string): Promise<string> {
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  return host.run({ component, input: 'x' }).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'another error'),
  );
}

describe('a component that is named when it is run', () => {
  it('does not run from a mount that agents can write, directly or through a link', async () => {
    world = makeAgentWorld({ configuration: CONFIGURATION });
    mkdirSync(join(world.directory, 'workspace'));
    copyFileSync(await guest('hello', 'js'), join(world.directory, 'workspace', 'a.wasm'));
    symlinkSync('workspace/a.wasm', join(world.directory, 'link.wasm'));
    expect(await run('workspace/a.wasm')).toBe('ERR_COMPONENT_REFUSED');
    expect(await run('link.wasm')).toBe('ERR_COMPONENT_REFUSED');
  });

  it('runs from anywhere else', async () => {
    world = makeAgentWorld({ configuration: CONFIGURATION });
    mkdirSync(join(world.directory, 'workspace'));
    copyFileSync(await guest('hello', 'js'), join(world.directory, 'a.wasm'));
    expect(await run('a.wasm')).toBe('agent-error'); // it is denied everything, but it ran
  });
});
