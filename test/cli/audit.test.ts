import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishedSchema } from '../schemas/schema-fixture.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { guest } from '../support/guests.ts';
import { greetingWorld, LOG, onlyJson } from './greeting-world.ts';

let world: AgentWorld;
let file: string;
beforeAll(async () => {
  world = greetingWorld({ rows: [LOG, 'p, agent:tester, fs:read, /workspace/*, -, allow, -'] });
  await command(['run', await guest('hello', 'js'), '--input', 'Ada'], { cwd: world.directory });
  file = world.records().at(-1) ?? '';
});
afterAll(() => world.remove());

const audit = (...args: readonly string[]) => command(['audit', ...args], { cwd: world.directory });
const id = () => basename(file, '.jsonl');

describe('audit show', () => {
  it('shows what was asked, decided and done', async () => {
    const { code, stdout, stderr } = await audit('show');
    expect([code, stderr]).toEqual([0, `${file}\n`]);
    expect(stdout).toMatch(/^agent:tester\n/);
    expect(stdout).toMatch(/^seq +time +type +action +resource +decision +outcome +rules$/m);
    expect(stdout).toMatch(/effect\.intended +fs:read +\/workspace\/greeting\.txt +allow +p-[0-9a-f]{10}$/m);
    expect(stdout).toMatch(/run\.closed .*ok/);
  });

  it('prints with --json the lines of the file, byte by byte, each of the published shape', async () => {
    const violations = publishedSchema('audit-record');
    const { code, stdout } = await audit('show', '--json');
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(file, 'utf8'));
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.flatMap(violations)).toEqual([]);
    expect(records.find(({ type }) => type === 'effect.intended')).toMatchObject({
      run: id(),
      principal: { agent: 'agent:tester' },
      action: 'fs:read',
      resource: '/workspace/greeting.txt',
      decision: { effect: 'allow', id: `${id()}/1` },
      policy: { generation: 1 },
    });
  });

  it('finds a run by its id, the beginning of it, or its file', async () => {
    const whole = (await audit('show', '--json')).stdout;
    for (const reference of ['latest', id(), id().slice(0, -2), file, relative(world.directory, file)])
      expect(await audit('show', reference, '--json')).toMatchObject({ code: 0, stdout: whole });
  });

  it('ends with 3 where there is no such record', async () => {
    const { code, stdout, stderr } = await audit('show', 'run-none');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('run-none');
    expect(onlyJson((await audit('show', 'run-none', '--json')).stdout)).toMatchObject({
      error: { code: 'ERR_AUDIT_READ' },
    });
  });

  it('ends with 64 for what it does not take', async () => {
    expect(await audit('show', 'latest', 'other')).toMatchObject({ code: 64, stdout: '' });
    expect(await audit('shew')).toMatchObject({ code: 64, stdout: '' });
  });
});

describe('audit verify', () => {
  it('says that a whole record holds', async () => {
    const { code, stdout } = await audit('verify');
    expect(code).toBe(0);
    for (const level of ['form', 'chain', 'completeness']) expect(stdout).toMatch(new RegExp(`${level} +holds`));
    expect(onlyJson((await audit('verify', '--json')).stdout)).toMatchObject({ file, ok: true, run: id() });
  });

  it('fails on a copy that was changed, and names the record', async () => {
    const copy = world.write('copy.jsonl', readFileSync(file, 'utf8').replace('greeting.txt', 'greetinh.txt'));
    const { code, stdout } = await audit('verify', copy);
    expect(code).toBe(1);
    expect(stdout).toMatch(/chain +broken .*line 2: /);
    const json = await audit('verify', copy, '--json');
    expect(json.code).toBe(1);
    expect(onlyJson(json.stdout)).toMatchObject({
      ok: false,
      levels: expect.arrayContaining([
        expect.objectContaining({
          name: 'chain',
          ok: false,
          firstBad: expect.objectContaining({ line: 2 }) as unknown,
        }),
      ]) as unknown,
    });
  });

  it('fails on a copy that was cut', async () => {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect((await audit('verify', world.write('cut.jsonl', `${lines.slice(0, -1).join('\n')}\n`))).code).toBe(1);
    expect((await audit('verify', world.write('empty.jsonl', ''))).code).toBe(1);
  });

  it('shows nothing that a terminal acts on, whatever stands in the file', async () => {
    const copy = world.write('hostile.jsonl', '{"v":1,"run":"\u009b31m\u202e","\u001b[2J":1}\n\u001b]0;owned\u0007\n');
    const { code, stdout } = await audit('verify', copy);
    expect(code).toBe(1);
    expect(stdout).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
  });

  it('ends with 3 where there is no record, and with 64 for what it does not take', async () => {
    expect(await audit('verify', 'none.jsonl')).toMatchObject({ code: 3 });
    expect(await audit('verify', '--colour')).toMatchObject({ code: 64, stdout: '' });
  });
});
