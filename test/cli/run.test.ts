import { afterEach, describe, expect, it } from 'vitest';
import type { RunResult } from '../../host/index.ts';
import { publishedSchema } from '../schemas/schema-fixture.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { guest } from '../support/guests.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { greetingWorld, LOG, onlyJson, READ } from './greeting-world.ts';

const violations = publishedSchema('run-result');
let world: AgentWorld;
afterEach(() => world.remove());

const run = (...args: readonly string[]) => command(['run', ...args], { cwd: world.directory });

/** Runs with `--json`, and checks what every machine reader relies on. */
async function result(...args: readonly string[]): Promise<{ code: number | null; result: RunResult; stderr: string }> {
  const { code, stdout, stderr } = await run(...args, '--json');
  const value = onlyJson(stdout) as RunResult;
  expect(violations(value)).toEqual([]);
  return { code, result: value, stderr };
}

describe('run', () => {
  it('prints what the agent returned, and everything else on standard error', async () => {
    world = greetingWorld();
    const { code, stdout, stderr } = await run(await guest('hello', 'js'), '--input', 'Ada');
    expect([code, stdout]).toEqual([0, 'Good morning, Ada!\n']);
    expect(stderr).toContain('[info] greeting Ada');
    expect(stderr).toMatch(/^ok: 2 allowed, 0 denied, \d+ host calls, \d+ ms, /m);
    expect(stderr).toMatch(/^audit: \/.+\.jsonl$/m);
  });

  it('fails with 1 where the agent does', async () => {
    world = greetingWorld({ rows: [] });
    const { code, stdout, stderr } = await run(await guest('hello', 'js'));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`  to allow it, add: ${READ}`);
    expect(stderr).toContain('agent-error: agent-error: ');
  });

  it('says what an agent that ends in a trap after a denial may have missed', async () => {
    world = greetingWorld({ rows: [] });
    const careless = `
import { read } from 'sallyport:agent/fs@0.1.0';
export function run() { return String(read('/workspace/greeting.txt', undefined)); }
`;
    const { code, stderr } = await run(await inlineGuest(careless));
    expect(code).toBe(1);
    expect(stderr).toContain('the agent may not have handled a denial');
  });

  it.each([
    [['a.wasm', 'b.wasm'], 'too many arguments'],
    [['--colour'], 'unknown option'],
    [['--input'], 'argument missing'],
    [['--agent', 'nobody'], 'no agent `nobody`'],
    [['--purpose', 'fun'], 'the purpose `fun` is not declared'],
    [['--on-behalf-of', 'ada'], 'write `user:NAME`'],
    [['--input', '@nowhere'], 'cannot be read'],
  ])('ends with 64 for %j', async (args, says) => {
    world = greetingWorld();
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(says);
  });
});

describe('run --json', () => {
  it('of a run that went well is one object of the published shape', async () => {
    world = greetingWorld();
    const { code, result: value } = await result(await guest('hello', 'js'), '--input', 'Ada');
    expect(code).toBe(0);
    expect(value).toMatchObject({ status: 'ok', output: 'Good morning, Ada!', decisions: { allow: 2, deny: 0 } });
    expect(world.records()).toEqual([value.audit]);
  });

  it('counts a denial that the agent lives with, and stays ok', async () => {
    world = greetingWorld({ rows: [LOG] });
    const component = await inlineGuest(`
import { read } from 'sallyport:agent/fs@0.1.0';
export function run() { try { read('/workspace/greeting.txt', undefined); } catch (e) { return e.payload.val.reason; } return ''; }
`);
    const { code, result: value } = await result(component);
    expect(code).toBe(0);
    expect(value).toMatchObject({ status: 'ok', output: 'no-rule', decisions: { allow: 0, deny: 1, pending: 0 } });
  });

  it('of a component that is not the pinned one is `denied`', async () => {
    world = greetingWorld();
    world.write(
      'sallyport.yaml',
      `version: 1\nagents: { tester: { component: a, digest: sha256:${'0'.repeat(64)} } }\n`,
    );
    const { code, result: value } = await result(await guest('hello', 'js'));
    expect([code, value.status]).toEqual([2, 'denied']);
  });

  it('of a run that met a limit names it', async () => {
    world = greetingWorld({ more: 'limits: { cpu: 300ms }\n' });
    const { code, result: value } = await result(await inlineGuest('export function run() { for (;;); }\n'));
    expect(code).toBe(4);
    expect(value).toMatchObject({ status: 'limit', error: { code: 'limit', limit: 'cpuMs' } });
  });

  it.each([
    ['a component that is not there', 3, ['none.wasm']],
    ['a configuration that is not there', 3, ['a.wasm', '--config', 'none.yaml']],
    ['an agent that is not there', 64, ['a.wasm', '--agent', 'nobody']],
    ['an input that is not there', 64, ['a.wasm', '--input', '@nowhere']],
    ['an unknown option', 64, ['a.wasm', '--colour']],
    ['too many arguments', 64, ['a.wasm', 'b.wasm']],
  ])('of %s is `invalid`, with the exit code that it has without --json', async (_, expected, args) => {
    world = greetingWorld();
    const { code, result: value, stderr } = await result(...args);
    expect([code, value.status, value.run]).toEqual([expected, 'invalid', null]);
    expect((await run(...args)).code).toBe(expected);
    expect(stderr).toContain(value.error?.message);
  });
});

describe('the row that run shows for a denied tool', () => {
  const TOOL = `tools:
  show:
    description: shows a file
    isolation: none
    command: /bin/echo
    arguments: ['{file}']
    schema: { type: object, properties: { file: { type: string }, times: { type: integer } }, additionalProperties: false }
`;
  const GUEST = `
import { call } from 'sallyport:agent/tool-exec@0.1.0';
export function run(input) { return call('show', input).stdout; }
`;
  const call = async (rows: readonly string[], input: object) => {
    world = greetingWorld({ rows, more: TOOL });
    const end = await run(await inlineGuest(GUEST), '--input', JSON.stringify(input));
    world.remove();
    return end;
  };

  it('tests the arguments of the call: it allows that call, and no other', async () => {
    const denied = await call([], { file: 'secrets 1.log', times: 2 });
    const [, row = ''] = /to allow it, add: (.+)/.exec(denied.stderr) ?? [];
    expect(row).toBe('p, agent:tester, tool:call, tool:show, arg.file=secrets%201.log arg.times=2, allow, -');
    expect(await call([row], { file: 'secrets 1.log', times: 2 })).toMatchObject({
      code: 0,
      stdout: 'secrets 1.log\n\n',
    });
    expect(await call([row], { file: 'other.log', times: 2 })).toMatchObject({ code: 1 });
  });

  it('is not shown for a tool that the configuration does not declare', async () => {
    world = greetingWorld({ rows: [] });
    const { stderr } = await run(await inlineGuest(GUEST), '--input', '{"file":"a"}');
    expect(stderr).toContain('the configuration declares no such tool');
  });
});
