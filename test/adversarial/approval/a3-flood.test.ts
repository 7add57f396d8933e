import { afterEach, expect, it } from 'vitest';
import { MOST_ASKED } from '../../../host/approval/approval-store.ts';
import { openHost, type Host } from '../../../host/index.ts';
import { makeApprovalWorld } from '../../e2e/approval-bed.ts';
import type { AgentWorld } from '../../support/agent-world.ts';

let world: AgentWorld;
let host: Host;
afterEach(async () => {
  await host.close();
  world.remove();
});

it('A3 an agent that asks a thousand times is denied without a question after a hundred, and goes on', async () => {
  world = await makeApprovalWorld();
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  const steps = Array.from({ length: 1000 }, (_, index) => ['write', '/workspace/a.txt', String(index)]);
  let asked = 0;
  const reasons = new Set<unknown>();
  const result = await host.run({
    agent: 'pay',
    input: JSON.stringify(steps),
    onApproval() {
      asked += 1;
      return { answer: 'no' };
    },
    onDecision: ({ effect, detail }) => {
      if (effect === 'deny') reasons.add(JSON.stringify(detail).replace(/run-\w+\/\d+/, 'ID'));
    },
  });
  expect(result).toMatchObject({ status: 'ok', decisions: { allow: 0, deny: 1000, pending: 0 } });
  expect(asked).toBe(MOST_ASKED);
  expect([...reasons]).toEqual([
    '{"approval":{"status":"denied","question":"ID","by":"operator"}}',
    '{"approval":{"status":"unavailable","why":"too-many"}}',
  ]);
}, 120_000);
