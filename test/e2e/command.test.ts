import { afterEach, describe, expect, it } from 'vitest';
import { verifyAudit, type RunResult } from '../../host/index.ts';
import { publishedSchema } from '../schemas/schema-fixture.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { bytesOf, commandText, moduleText } from '../support/wasi-programs.ts';

const violations = publishedSchema('run-result');
let world: AgentWorld;
afterEach(() => world.remove());

const PROGRAM = `version: 1
agents: { tool: { component: tool.wasm, args: [configured], env: { COLOUR: red, HOME: /home } } }
`;

async function worldWith(text: string, configuration = PROGRAM): Promise<void> {
  world = makeAgentWorld({ configuration });
  world.write('tool.wasm', await bytesOf(text));
}

const run = (args: readonly string[] = [], options: { input?: string | Uint8Array; terminal?: boolean } = {}) =>
  command(['run', ...args], { cwd: world.directory, ...options });

/** Runs with `--json`: standard output is one object, and the record is whole. */
async function result(args: readonly string[] = [], input?: string): Promise<RunResult> {
  const [before, after] = args.includes('--')
    ? [args.slice(0, args.indexOf('--')), args.slice(args.indexOf('--'))]
    : [args, []];
  const { stdout } = await run([...before, '--json', ...after], input === undefined ? {} : { input });
  const value = JSON.parse(stdout) as RunResult;
  expect(violations(value)).toEqual([]);
  const location = { directory: world.directory, workingDirectory: world.directory };
  expect(verifyAudit(location, value.audit ?? '').verification.ok).toBe(true);
  return value;
}

describe('a module of WASI preview 1', () => {
  it('writes its output to standard output as it is, and nothing else is there', async () => {
    await worldWith(moduleText('(call $hello) (call $put (i32.const 1) (i32.const 110) (i32.const 9))'));
    const { code, stdout, stderr } = await run();
    expect([code, stdout]).toEqual([0, 'hello\n\u001b[2J\tred\n']);
    expect(stderr).toMatch(/^ok: 0 allowed, 0 denied, /m);
  });

  it('cannot act on a terminal', async () => {
    await worldWith(moduleText('(call $put (i32.const 1) (i32.const 110) (i32.const 9))'));
    expect((await run([], { terminal: true })).stdout).toBe('\\u{1b}[2J\tred\n');
  });

  it('has its standard error shown escaped on ours', async () => {
    await worldWith(moduleText('(call $put (i32.const 2) (i32.const 110) (i32.const 9))'));
    const { stdout, stderr } = await run();
    expect(stdout).toBe('');
    expect(stderr).toContain('\\u{1b}[2J\\u{9}red\n');
  });

  it('has its output in the result, lossy where it is no UTF-8', async () => {
    await worldWith(moduleText('(call $hello) (call $put (i32.const 1) (i32.const 130) (i32.const 3))'));
    expect(await result()).toMatchObject({
      status: 'ok',
      program: 'module',
      exitCode: 0,
      output: 'hello\n\ufffd\ufffd\n',
    });
  });

  it('ends with its exit code, and what it wrote before is there', async () => {
    await worldWith(moduleText('(call $hello) (call $proc_exit (i32.const 7))'));
    expect(await result()).toMatchObject({
      status: 'agent-error',
      exitCode: 7,
      output: 'hello\n',
      error: { code: 'exit', message: 'the program ended with exit code 7' },
    });
    expect((await run()).code).toBe(1);
  });

  it('has no exit code where it traps', async () => {
    await worldWith(moduleText('(call $hello) unreachable'));
    const value = await result();
    expect(value).toMatchObject({ status: 'agent-error', output: 'hello\n', error: { code: 'trap' } });
    expect(value).not.toHaveProperty('exitCode');
  });

  it('is given its name, the arguments of the configuration and those behind `--`', async () => {
    await worldWith(moduleText('(call $arguments)'));
    const { output } = await result(['--', '--json', '--', '-x', '']);
    expect(output).toBe('tool.wasm\0configured\0--json\0--\0-x\0\0');
  });

  it('is given the variables of the configuration and those of `--env`, and none of ours', async () => {
    await worldWith(moduleText('(call $variables)'));
    const { output } = await result(['--env', 'COLOUR=a=b', '-e', 'EMPTY=']);
    expect(output).toBe('COLOUR=a=b\0HOME=/home\0EMPTY=\0');
  });

  it('reads what `--stdin` gives, and nothing without it', async () => {
    await worldWith(moduleText('(call $copy)'));
    world.write('notes.txt', 'from a file');
    expect((await result([], 'not asked for')).output).toBe('');
    expect((await result(['--stdin', 'a text'])).output).toBe('a text');
    expect((await result(['--stdin', '@notes.txt'])).output).toBe('from a file');
    expect((await result(['--stdin', '-'], 'piped'.repeat(20_000))).output).toBe('piped'.repeat(20_000));
  });

  it('writes no more than the configuration lets it', async () => {
    const lean = `version: 1\nlimits: { outputBytes: 8 }\nagents: { tool: { component: tool.wasm } }\n`;
    await worldWith(moduleText('(call $hello) (call $hello) (call $hello)'), lean);
    expect(await result()).toMatchObject({
      status: 'limit',
      output: 'hello\nhe',
      error: { code: 'limit', limit: 'outputBytes' },
    });
  });
});

describe('a component that exports `wasi:cli/run`', () => {
  it.each([
    ['ok', '(i32.const 0)', { status: 'ok', exitCode: 0 }],
    ['err', '(i32.const 1)', { status: 'agent-error', exitCode: 1, error: { code: 'exit' } }],
    ['exit-with-code', '(call $exit (i32.const 9)) (i32.const 0)', { status: 'agent-error', exitCode: 9 }],
    ['a trap', 'unreachable', { status: 'agent-error', error: { code: 'trap' } }],
  ])('ends by %s', async (_, body, expected) => {
    await worldWith(commandText(body));
    expect(await result()).toMatchObject({ program: 'command', output: '', ...expected });
  });

  it('is shown as what it is', async () => {
    await worldWith(commandText('(i32.const 0)'));
    const { stdout } = await command(['inspect'], { cwd: world.directory });
    expect(stdout).toMatch(/^WASI command sha256:/);
  });
});

describe('what is no program is refused with its reason', () => {
  it.each([
    ['a reactor', '(module (memory (export "memory") 1) (func (export "_initialize")))', 'it is a reactor'],
    ['no memory', '(module (func (export "_start")))', 'does not export its memory'],
    ['another namespace', '(module (import "env" "f" (func)) (memory (export "memory") 1) (func (export "_start")))', 'only `wasi_snapshot_preview1` is served'],
    ['an unknown function', '(module (import "wasi_snapshot_preview1" "sock_open" (func)) (memory (export "memory") 1) (func (export "_start")))', '`sock_open`, which is no function'],
    ['an imported memory', '(module (import "wasi_snapshot_preview1" "memory" (memory 1)) (export "memory" (memory 0)) (func (export "_start")))', 'as a memory'],
    ['a start function', '(module (memory (export "memory") 1) (func $f (export "_start")) (start $f))', 'has a start function'],
    ['an old command', commandText('(i32.const 0)', '0.3.0'), 'commands of WASI 0.2 are run'],
    ['a command with a parameter', commandText('(i32.const 0)', '0.2.6', '(param "a" u32) (result (result))').replace('(func (export "run") (result', '(func (export "run") (param i32) (result'), 'something else than `run: func() -> result`'],
    ['a command with another result', commandText('(i32.const 0)', '0.2.6', '(result u32)'), 'something else than a `result`'],
  ])('%s', async (_, text, says) => {
    await worldWith(text);
    const value = await result();
    expect(value.status).toMatch(/^(?:denied|invalid|agent-error)$/);
    expect(value.error?.message).toContain(says);
  }); // prettier-ignore
});

describe('what cannot be given to a program', () => {
  it.each([
    ['an input', ['--input', 'x'], 'it takes no input; give it `--stdin`'],
    ['a variable without a value', ['--env', 'NAME'], 'has no value'],
    ['a variable without a name', ['--env', '=x'], 'has no value'],
    ['a variable that is no name', ['--env', 'A B=x'], 'is not the name of a variable'],
    ['a zero byte in an argument', ['--', 'a\0b'], 'holds a zero byte'],
    ['10,000 arguments', ['--', ...Array<string>(10_000).fill('x')], 'at most 1000 arguments'],
    ['large arguments', ['--', 'x'.repeat(1 << 20), 'y'], 'more than 1048576 bytes'],
    ['a file that is not there', ['--stdin', '@nowhere'], 'cannot be read'],
    ['a file without an end', ['--stdin', '@/dev/zero'], 'has more than 8388608 bytes'],
  ])('%s is refused', async (_, args, says) => {
    await worldWith(moduleText('(call $copy) (call $arguments)'));
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toContain(says);
    expect([stdout, code === 64 || code === 3]).toEqual(['', true]);
  });

  it('more standard input than there may be is refused, however it comes', async () => {
    await worldWith(moduleText('(call $copy)'));
    const { code, stderr } = await run(['--stdin', '-'], { input: Buffer.alloc((8 << 20) + 1) });
    expect(code).toBe(64);
    expect(stderr).toContain('standard input has more than 8388608 bytes');
  });

  it('arguments and standard input for an agent that reads neither are refused', async () => {
    await worldWith(moduleText(''));
    const agent = await inlineGuest(`export function run(input) { return input; }`);
    const given = await run([agent, '--stdin', 'x']);
    expect([given.code === 0, given.stderr.includes('does not read standard input')]).toEqual([false, true]);
  });
});
