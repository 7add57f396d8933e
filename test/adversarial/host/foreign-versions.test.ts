import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { openHost } from '../../../host/host.ts';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeWorld, puppet, verified } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

/** The puppet with some of its bytes replaced, all of them, by as many others. */
async function runWith(from: string, to: string) {
  world = makeWorld({ rows: ['p, agent:tester, fs:*, /workspace/**, -, allow, -'] });
  const text = readFileSync(await puppet(), 'latin1');
  expect(text.split(from).length).toBeGreaterThan(1);
  const component = world.write('agent.wasm', Buffer.from(text.replaceAll(from, to), 'latin1'));
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  const result = await host.run({ component, input: '{"calls":[["fs.read","/workspace/open.txt",null]]}' });
  await host.close();
  return result;
}

describe('a component that imports what no gate serves is refused, and the refusal is recorded:', () => {
  it.for([
    ['sallyport:agent/fs@0.1.0', 'sallyport:agent/fs@0.1.9'],
    ['sallyport:agent/fs@0.1.0', 'sallyport:agent/fs@9.1.0'],
    ['sallyport:agent/fs@0.1.0', 'sallyport:agent/fx@0.1.0'],
    ['sallyport:agent/fs@0.1.0', 'sallyhost:agent/fs@0.1.0'],
    ['make-directory', 'make-directorx'],
  ] as const)('%s as %s', async ([from, to]) => {
    const result = await runWith(from, to);
    expect(['denied', 'invalid']).toContain(result.status);
    expect(result.output).toBeUndefined();
    expect(result.error?.message).not.toContain(world.directory);
    const types = world.lastRecords().map(({ type }) => type);
    expect(types).toEqual(['run.opened', 'load.denied', 'run.closed']);
    expect(verified(result.audit).ok).toBe(true);
  });
});

it('a component that imports what the gates serve runs', async () => {
  const result = await runWith('sallyport:agent/fs@0.1.0', 'sallyport:agent/fs@0.1.0');
  expect(result.output).toContain('"ok"');
});
