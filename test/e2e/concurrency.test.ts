import { afterEach, expect, it } from 'vitest';
import { openHost, verifyAudit } from '../../host/index.ts';
import { hostileComponent } from '../sandbox/support/wat.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';

const RUNS = 50;

let world: AgentWorld;
afterEach(() => world.remove());

it(`gives ${RUNS} runs at once in one host their own results and their own records`, async () => {
  world = makeAgentWorld();
  world.write('agent.wasm', await hostileComponent('flooding')); // answers with its input where that names no attack
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  const inputs = Array.from({ length: RUNS }, (_, index) => `a run, number ${index}`);
  const results = await Promise.all(inputs.map((input) => host.run({ input })));
  await host.close();
  expect(results.map(({ status, output }) => [status, output])).toEqual(inputs.map((input) => ['ok', input]));
  expect(new Set(results.map(({ audit }) => audit)).size).toBe(RUNS);
  const location = { directory: world.directory, workingDirectory: world.directory };
  for (const { audit } of results) expect(verifyAudit(location, audit ?? '').verification.ok).toBe(true);
});
