import { readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ToolSupervisor } from '../../../host/gates/tool-exec/index.ts';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import { createLateSecrets } from '../../../host/runs/secret-mask.ts';
import { NO_SUPERVISOR, probeTool, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';
import { holds, VALUE } from './secret-mirror.ts';

function secretsFor(tool: string, variable = 'TOKEN', value = VALUE) {
  const values = createLateSecrets();
  values.seat(new Map([['token', value]]));
  return { secrets: { values, bindings: [{ secret: 'token', tool, variable }] } };
}

/** A program of the system, in a sandbox or not. */
const program = (command: string, more: object = {}) =>
  ({ description: 'a program', command, isolation: 'none', ...more }) as ToolSection[string]; // as the file would have it

describe.each(['none', 'bubblewrap'] as const)('K2: a tool with a secret, isolation %s', (isolation) => {
  it('has it in its environment, and the agent reads the mark where it prints it', async () => {
    using fixture = toolFixture(
      { env: program('/usr/bin/printenv', { isolation, environment: { A: 'b' } }) },
      secretsFor('env'),
    );
    for (let turn = 0; turn < 2; turn += 1) {
      const { stdout, stderr } = await fixture.tools.call('env', '{}');
      expect(stdout.split('\n')).toContain('TOKEN=[secret]');
      expect(stdout.split('\n')).toContain('A=b');
      expect(holds(stdout + stderr)).toBe(false);
    }
    expect(fixture.records[0]?.request).toMatchObject({ secrets: ['token'] });
    expect(holds(inspect([fixture.records, fixture.events, fixture.faults], { depth: 20 }))).toBe(false);
  });

  it('really has the value, also one with quotes and line breaks', async () => {
    const value = `it's "quoted"\n$HOME \`id\` \\ end`;
    using fixture = toolFixture(
      { length: program('/usr/bin/printenv', { isolation, arguments: ['TOKEN'] }) },
      secretsFor('length', 'TOKEN', value),
    );
    // `printenv` adds a line break: what is left beside the mark is only that.
    expect((await fixture.tools.call('length', '{}')).stdout).toBe('[secret]\n');
  });

  it('keeps it to itself: another tool has none', async () => {
    const env = program('/usr/bin/printenv', { isolation });
    using fixture = toolFixture({ env, other: env }, secretsFor('env'));
    expect((await fixture.tools.call('other', '{}')).stdout).not.toContain('TOKEN');
  });

  it('shows it in no argument list, while it runs and while its sandbox waits', async () => {
    using fixture = toolFixture(
      { wait: program('/bin/sleep', { isolation, arguments: ['4.25'] }) },
      secretsFor('wait'),
    );
    const running = fixture.tools.call('wait', '{}');
    const isRunning = (): boolean => commandLines().some((line) => line.includes('sleep\0' + '4.25'));
    for (let turn = 0; turn < 500 && !isRunning(); turn += 1) await sleep(20);
    expect(isRunning()).toBe(true);
    expect(commandLines().filter((line) => holds(line))).toEqual([]);
    await running;
    await sleep(100);
    expect(commandLines().filter((line) => holds(line))).toEqual([]);
  });
});

const commandLines = (): string[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return []; // it has just ended
    }
  });

describe('K2: what a tool writes', () => {
  it('shows no beginning of the value where it is cut off', async () => {
    for (const length of [1, 5, 20]) {
      using fixture = toolFixture(
        { env: program('/usr/bin/printenv', { arguments: ['TOKEN'], maxOutputBytes: length }) },
        secretsFor('env'),
      );
      const { stdout, truncated } = await fixture.tools.call('env', '{}');
      expect({ stdout, truncated }).toEqual({ stdout: '', truncated: true });
    }
  });

  it('is hidden on standard error as well, and before it is held to be JSON', async () => {
    using fixture = toolFixture(
      {
        fails: program('/bin/ls', { arguments: ['--', '{file}'], schema: oneText('file') }),
        json: program('/bin/echo', { arguments: ['-n', '{text}'], schema: oneText('text'), output: 'json' }),
      },
      secretsFor('none'),
    );
    const failed = await fixture.tools.call('fails', JSON.stringify({ file: `/not/there/${VALUE}` }));
    expect(failed.stderr).toContain('[secret]');
    expect(holds(failed.stderr)).toBe(false);
    const json = await fixture.tools.call('json', JSON.stringify({ text: JSON.stringify({ token: VALUE }) }));
    expect(json.stdout).toBe('{"token":"[secret]"}');
    // A value of digits alone, and no text around it: what is left is no JSON any more, so it is not passed off as such.
    using digits = toolFixture(
      { json: program('/bin/echo', { arguments: ['1234567890'], output: 'json' }) },
      secretsFor('none', 'T', '1234567890'),
    );
    expect(await toolTagOf(digits.tools.call('json', '{}'))).toBe('failed');
  });

  it('is hidden in what functions and other agents answer', async () => {
    const supervisor: ToolSupervisor = {
      ...NO_SUPERVISOR,
      callFunction: () => Promise.resolve({ status: 'returned', form: 'text', text: `it is ${VALUE}` }),
    };
    using fixture = toolFixture(
      { ask: { kind: 'function', description: 'asks' } },
      { supervisor, ...secretsFor('none') },
    );
    expect((await fixture.tools.call('ask', '{}')).stdout).toBe('it is [secret]');
  });

  it('is not looked through where the run has no secret', async () => {
    using fixture = toolFixture({ probe: probeTool([], {}, { environment: { TOKEN: VALUE } }) });
    expect((await fixture.probe('probe', {})).env['TOKEN']).toBe(VALUE);
  });
});

const oneText = (name: string) => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'string' } },
  additionalProperties: false,
});
