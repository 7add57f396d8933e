import { describe, expect, it } from 'vitest';
import { command } from '../support/command.ts';
import { onlyJson } from './greeting-world.ts';

const at = { cwd: import.meta.dirname };

describe('doctor', () => {
  it('says what can be built and which isolation is in force, one line for each', async () => {
    const { code, stdout, stderr } = await command(['doctor'], at);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^engine node \d+\.\d+\.\d+ on \S+/);
    for (const language of ['js', 'rust', 'python'])
      expect(stdout).toMatch(new RegExp(`^${language} +(yes|no) +\\S`, 'm'));
    for (const fence of ['preparing process', 'process cell'])
      for (const what of ['reaches no network', 'sends no datagram', 'calls no foreign functions'])
        expect(stdout).toMatch(new RegExp(`^${fence}: ${what} +yes +tried, and denied$`, 'm'));
    expect(stdout).not.toContain('\\u{a}');
  });

  it('says the same with --json', async () => {
    const { code, stdout } = await command(['doctor', '--json'], at);
    expect(code).toBe(0);
    expect(onlyJson(stdout)).toMatchObject({
      platform: { engine: expect.any(String) as unknown, checks: expect.any(Array) as unknown },
      toolchains: { js: { available: true }, rust: {}, python: {} },
    });
  });

  it('ends with 64 for what it does not take', async () => {
    expect(await command(['doctor', 'everything'], at)).toMatchObject({ code: 64, stdout: '' });
  });
});
