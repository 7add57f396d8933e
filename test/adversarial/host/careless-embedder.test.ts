import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verified } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

it('lets an observer that throws end nothing but its own call', async () => {
  world = makeWorld({ rows: ['p, agent:tester, log:write, log:*, -, allow, -'] });
  const { run } = await makeBed(world);
  const thrown: unknown[] = [];
  const note = (error: unknown): void => void thrown.push(error);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  try {
    const fail = (): never => {
      throw new Error('the observer failed');
    };
    const script = {
      calls: [
        ['log.write', 'info', 'x'],
        ['fs.read', '/workspace/open.txt', null],
      ],
    };
    const result = await run(script, { onLog: fail, onDecision: fail });
    expect(result.status).toBe('ok');
    expect(thrown).toEqual([]);
    expect(verified(result.audit).ok).toBe(true);
  } finally {
    process.off('uncaughtException', note);
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
});

it('tells an observer what happens', async () => {
  world = makeWorld({ rows: ['p, agent:tester, log:write, log:*, -, allow, -'] });
  const { run } = await makeBed(world);
  const told: string[] = [];
  await run({ calls: [['log.write', 'info', 'x']] }, { onLog: (_, text) => void told.push(text) });
  expect(told).toEqual(['x']);
});
