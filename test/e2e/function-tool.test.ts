import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openHost } from '../../host/host.ts';
import type { ToolFunction } from '../../host/runs/tool-function.ts';
import { command } from '../support/command.ts';
import { makeDelegationBed, type BedOptions, type DelegationBed, type Seen } from './delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());

const SCHEMA =
  '{ type: object, required: [a], additionalProperties: false, properties: { a: { type: integer }, free: { type: object } } }';
const TOOL = (more = ''): string => `add: { kind: function, description: Adds one., schema: ${SCHEMA}${more} }`;
const ALLOW = 'p, agent:alpha, tool:call, tool:add, arg.a<=10, allow, -';
const add: ToolFunction = ({ a }) => ({ sum: Number(a) + 1 });

async function make(perform: ToolFunction, more = '', options: BedOptions = {}): Promise<DelegationBed> {
  return (bed = await makeDelegationBed({
    rows: [ALLOW],
    tools: [TOOL(more)],
    functions: { add: perform },
    ...options,
  }));
}
const call = (json: unknown) => ['call', 'add', json] as const;
const stdoutOf = (seen: Seen | undefined): unknown => (seen?.ok as { stdout: string } | undefined)?.stdout;

describe('a function of the embedding program as a tool', { timeout: 120_000 }, () => {
  it('is listed with its schema, decided by the values of its arguments, and answers with JSON', async () => {
    await make(add);
    const [list, allowed, denied, invalid] = await bed.see('alpha', [
      ['list'],
      call({ a: 1 }),
      call({ a: 11 }),
      call({ a: 'x' }),
    ]);
    expect(list?.ok).toMatchObject([{ name: 'add', description: 'Adds one.', schema: { required: ['a'] } }]);
    expect(allowed?.ok).toEqual({ exitCode: 0, stdout: '{"sum":2}', stderr: '', truncated: false });
    expect(denied?.error).toMatchObject({ tag: 'denied', val: { reason: 'no-rule' } });
    expect(invalid?.error?.tag).toBe('invalid-arguments');
    const types = bed.records()[0]?.map(({ type }) => type);
    expect(types).toEqual([
      'run.opened',
      'effect.intended',
      'effect.settled',
      'effect.denied',
      'effect.denied',
      'run.closed',
    ]);
  });

  it('is told who calls, why, and by which decision', async () => {
    const seen: unknown[] = [];
    await make((_, { principal, purpose, run, decision }) => {
      seen.push({ agent: principal.agent, purpose, run, decision });
      expect([principal, principal.roles].every((part) => Object.isFrozen(part))).toBe(true);
      return 'noted';
    });
    const { run } = await bed.run('alpha', { steps: [call({ a: 1 })] }, { purpose: 'work' });
    expect(seen).toEqual([{ agent: 'agent:alpha', purpose: 'work', run, decision: `${run}/1` }]);
  });

  it('is a failure without its text where it throws, and the operator is told', async () => {
    await make(() => Promise.reject(new Error('the password is secret')));
    const { output = '' } = await bed.run('alpha', { steps: [call({ a: 1 })] });
    expect(JSON.parse(output)).toEqual([{ error: { tag: 'failed' } }]);
    expect(bed.faults).toEqual(['the function `add` failed: Error: the password is secret']);
    expect(JSON.stringify(bed.records())).not.toContain('password');
  });

  it('is over where it never answers', async () => {
    let aborted = false;
    await make((_, { signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise(() => undefined);
    }, ', timeout: 200ms');
    expect(await bed.see('alpha', [call({ a: 1 })])).toEqual([{ error: { tag: 'timed-out' } }]);
    expect(aborted).toBe(true);
  });

  it('ends with the run that called it', async () => {
    const end = new AbortController();
    const reasons: unknown[] = [];
    await make((_, { signal }) => {
      signal.addEventListener('abort', () => reasons.push('ended'));
      setImmediate(() => end.abort());
      return new Promise(() => undefined);
    });
    const { error } = await bed.run('alpha', { steps: [call({ a: 1 })] }, { signal: end.signal });
    expect(error?.code).toBe('cancelled');
    expect(reasons).toEqual(['ended']);
  });

  it('is too large, not data, or not what it declares: each a failure of its own', async () => {
    const results: unknown[] = ['x'.repeat(5000), 1n, { sum: 'two' }, { sum: 2 }, 'text'];
    await make(
      () => results.shift(),
      ', maxOutputBytes: 1000, result: { type: object, required: [sum], properties: { sum: { type: integer } } }',
    );
    const seen = await bed.see(
      'alpha',
      [1, 2, 3, 4, 5].map((a) => call({ a })),
    );
    expect(seen.map(({ error }) => error?.tag)).toEqual(['too-large', 'failed', 'failed', undefined, 'failed']);
    expect(stdoutOf(seen[3])).toBe('{"sum":2}');
  });

  it('gets no argument whose name stands for a prototype', async () => {
    let called = 0;
    await make(() => ++called);
    const names = ['__proto__', 'constructor', 'prototype'];
    const seen = await bed.see(
      'alpha',
      names.map((name) => call(`{"a":1,"free":{"${name}":{"x":1}}}`)),
    );
    expect(seen.map(({ error }) => error?.tag)).toEqual(names.map(() => 'invalid-arguments'));
    expect(called).toBe(0);
  });
});

describe('a function that is declared and not given', () => {
  const host = (functions?: Record<string, ToolFunction>) =>
    openHost({
      configuration: join(bed.world.directory, 'sallyport.yaml'),
      workingDirectory: bed.world.directory,
      ...(functions === undefined ? {} : { functions }),
    });

  it('is an error of the configuration, when the host opens or when the run begins', async () => {
    await make(add);
    await expect(host({})).rejects.toThrow(/the tool `add` is a function, and no function is given/);
    const open = await host();
    await expect(open.run({ agent: 'alpha', input: '' })).rejects.toThrow(/`add` is a function/);
  });

  it('is named where one is given that is not declared', async () => {
    await make(add);
    await expect(host({ add, ad: add })).rejects.toThrow(/a function is given for `ad`.*did you mean `add`/);
  });

  it('keeps the command line from running, and from nothing else', async () => {
    await make(add);
    const cwd = bed.world.directory;
    const ran = await command(['run', '--agent', 'alpha'], { cwd });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toMatch(/the command line has no functions/);
    expect((await command(['policy', 'check'], { cwd })).code).toBe(0);
  });
});
