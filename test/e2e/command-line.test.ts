import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { command } from '../support/command.ts';

const at = { cwd: import.meta.dirname };

describe('--help', () => {
  it('names every verb and the exit codes', async () => {
    const { code, stdout } = await command(['--help'], at);
    expect(code).toBe(0);
    for (const { name } of COMMANDS) expect(stdout).toContain(name.split(' ')[0]);
    expect(stdout).toContain('Exit codes: 0 ok');
  });

  it.for(COMMANDS)('of $name says what it does and gives an example', async ({ name, summary, example, options }) => {
    const { code, stdout } = await command([...name.split(' '), '--help'], at);
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(summary);
    for (const line of example.split('\n')) expect(stdout).toContain(line);
    expect(options.some(({ flags }) => flags === '--json')).toBe(true);
  });
});
