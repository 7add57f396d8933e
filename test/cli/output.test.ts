import { afterEach, describe, expect, it } from 'vitest';
import { createPrinter, type TextStream } from '../../src/cli/output/human.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { runCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { greetingWorld, onlyJson } from './greeting-world.ts';

/** What a terminal acts on; a line break is none of it. */
const UNSAFE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;
const HOSTILE = '\u001b[2J\u001b]0;owned\u0007 \u009b31m \u202egpj.exe\u202c \u200b \u2028 \u{e0041} \r done';

const GUEST = `
import { read } from 'sallyport:agent/fs@0.1.0';
import { write } from 'sallyport:agent/log@0.1.0';
export function run(input) {
  write('warn', input);
  try { read('/workspace/' + input, undefined); } catch {}
  if (input.startsWith('throw')) throw input;
  return input;
}
`;

let world: AgentWorld;
afterEach(() => world.remove());

describe('what an agent says', () => {
  it.each(['', 'throw '])(
    'reaches a terminal only escaped: in its answer, its errors, its log and its requests (%j)',
    async (way) => {
      world = greetingWorld({ rows: ['p, agent:tester, log:write, log:*, -, allow, -'] });
      const end = await command(['run', await inlineGuest(GUEST), '--input', `${way}${HOSTILE}`], {
        cwd: world.directory,
      });
      expect(end.stdout).not.toMatch(UNSAFE);
      expect(end.stderr).not.toMatch(UNSAFE);
      expect(end.stderr).toContain('[warn] ');
      expect(`${end.stdout}${end.stderr}`).toContain('\\u{202e}gpj.exe');
    },
  );

  it('is escaped in JSON too, and its value stays the same', async () => {
    world = greetingWorld({ rows: [] });
    const component = await inlineGuest('export function run(input) { return input; }\n');
    const { stdout } = await command(['run', component, '--input', HOSTILE, '--json'], { cwd: world.directory });
    expect(stdout).not.toMatch(UNSAFE);
    expect(onlyJson(stdout)).toMatchObject({ output: HOSTILE });
  });
});

describe('colour', () => {
  it('is not there where the output is not a terminal', async () => {
    world = greetingWorld({ rows: [] });
    const cwd = world.directory;
    for (const args of [
      ['policy', 'explain', 'fs:read', '/workspace/a'],
      ['policy', 'check'],
      ['doctor'],
      ['--help'],
      ['rnu'],
    ]) {
      const { stdout, stderr } = await runCommand(args, { cwd });
      expect(`${stdout}${stderr}`).not.toContain('\u001b');
    }
  });

  it('is decided for each stream by itself, and NO_COLOR ends it', () => {
    const stream = (isTTY: boolean): TextStream => ({ write: () => true, isTTY });
    const marks = (out: boolean, err: boolean, noColor = false) => {
      const { style, noteStyle } = createPrinter(stream(out), stream(err), noColor);
      return [style.bad('x') !== 'x', noteStyle.bad('x') !== 'x'];
    };
    expect(marks(true, false)).toEqual([true, false]);
    expect(marks(false, true)).toEqual([false, true]);
    expect(marks(true, true, true)).toEqual([false, false]);
  });
});
