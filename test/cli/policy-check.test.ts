import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { greetingWorld, onlyJson, READ } from './greeting-world.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const check = (...args: readonly string[]) => command(['policy', 'check', ...args], { cwd: world.directory });

describe('policy check', () => {
  it('counts the rules of a policy that loads, and names its digest', async () => {
    world = greetingWorld();
    const { code, stdout, stderr } = await check();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/policy\.csv: 2 rules, sha256:[0-9a-f]{64}\nno problems\n$/);
    expect(onlyJson((await check('--json')).stdout)).toMatchObject({ rules: 2, warnings: [] });
  });

  it('warns of a row that says nothing, with its line', async () => {
    world = greetingWorld({ rows: [READ, 'p, agent:tester, fs:read, /workspace/**, -, allow, -'] });
    const { code, stdout } = await check();
    expect(code).toBe(0);
    expect(stdout).toMatch(/policy\.csv:1: warning: /);
    expect(onlyJson((await check('--json')).stdout)).toMatchObject({ warnings: [{ line: 1 }] });
  });

  it('explains every problem with file, line and column, and ends with 3', async () => {
    const rows = [
      'p, role:nobody, fs:read, /w/**, -, allow, -',
      'p, role:any, fs:read, /w/**, -, perhaps, -',
      'p, role:any',
    ];
    world = greetingWorld({ rows: [...rows, 'p, role:any, fs:read, /w/**, hours(08-08 UTC), allow, rate=1/w'] });
    const { code, stdout, stderr } = await check();
    expect([code, stdout]).toEqual([3, '']);
    for (const says of [
      /policy\.csv:1:4: unknown role `role:nobody`/,
      /policy\.csv:2:\d+: .*`perhaps`/,
      /policy\.csv:3:\d+: a `p` row has 6 cells/,
      /policy\.csv:4:\d+: `rate=1\/w` is not in the form of `rate=60\/m`/,
    ])
      expect(stderr).toMatch(says);
    const json = onlyJson((await check('--json')).stdout) as { error: { code: string; hints: string[] } };
    expect(json.error.code).toBe('ERR_POLICY_INVALID');
    expect(json.error.hints.length).toBeGreaterThanOrEqual(4);
  });

  it('ends with 64 for an argument that it does not take', async () => {
    world = greetingWorld();
    expect(await check('policy.csv')).toMatchObject({ code: 64, stdout: '' });
  });
});
