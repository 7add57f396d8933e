import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../../host/contracts/request.ts';
import { probeTool, toolErrorOf, toolFixture, toolTagOf } from './tool-fixture.ts';

const text = { type: 'string' };

describe('the tool-exec gate', () => {
  it('runs a declared program and returns its output and status', async () => {
    using fixture = toolFixture({
      true: { description: 'nothing', isolation: 'none', command: '/bin/true' },
      false: { description: 'fails', isolation: 'none', command: '/bin/false' },
      echo: { description: 'echoes', isolation: 'none', command: '/bin/echo', arguments: ['hello'] },
    });
    expect(await fixture.tools.call('echo', '{}')).toEqual({
      exitCode: 0,
      stdout: 'hello\n',
      stderr: '',
      truncated: false,
    });
    expect(await fixture.tools.call('true', '{}')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await fixture.tools.call('false', '{}')).toMatchObject({ exitCode: 1 });
    expect(fixture.records.map(({ type, action, resource }) => [type, action, resource]).slice(0, 2)).toEqual([
      ['effect.intended', 'tool:call', 'tool:echo'],
      ['effect.settled', undefined, undefined],
    ]);
    expect(fixture.records[1]?.outcome).toMatchObject({
      status: 'ok',
      bytesIn: 6,
      detail: { exitCode: 0, truncated: false, trust: 'untrusted' },
    });
    expect(fixture.runs).toEqual(['exited', 'exited', 'exited']);
  });

  it('fills the template: fixed text, values, numbers, booleans, lists, and nothing for what is absent', async () => {
    using fixture = toolFixture({
      probe: probeTool(
        ['log', '--count={n}', '--deep={deep}', '{tags}', '--x={tags}', '{absent}', '{{literal}}', '--', '{path}'],
        {
          n: { type: 'integer' },
          deep: { type: 'boolean' },
          tags: { type: 'array', items: text },
          absent: text,
          path: text,
        },
      ),
    });
    const { argv } = await fixture.probe('probe', { n: 12, deep: false, tags: ['a', 'b c'], path: '-dash' });
    expect(argv).toEqual([
      'log',
      '--count=12',
      '--deep=false',
      'a',
      'b c',
      '--x=a',
      '--x=b c',
      '{literal}',
      '--',
      '-dash',
    ]);
  });

  it('gives rules the arguments, nested ones with dots, and the record their digest', async () => {
    const seen: unknown[] = [];
    using fixture = toolFixture(
      {
        probe: probeTool(['{branch}'], {
          branch: text,
          options: { type: 'object', properties: { force: { type: 'boolean' } }, additionalProperties: false },
        }),
      },
      { allow: ({ attributes }) => seen.push(Object.fromEntries(attributes)) > 0 },
    );
    await fixture.probe('probe', { branch: 'agent/secret-name', options: { force: true } });
    expect(seen).toEqual([{ branch: 'agent/secret-name', 'options.force': true }]);
    expect(fixture.records[0]?.request).toMatchObject({ arguments: ['branch', 'options'] });
    expect(JSON.stringify(fixture.records)).not.toContain('secret-name');
  });

  it.each([
    ['not JSON', 'x'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['an unknown argument', '{"branch":"a","other":1}'],
    ['a wrong type', '{"branch":1}'],
    ['a missing argument', '{}'],
    ['null', '{"branch":null}'],
    ['a name twice', '{"branch":"a","branch":"b"}'],
    ['a prototype', '{"branch":"a","__proto__":{"branch":"b"}}'],
    ['an inherited name', '{"toString":"a"}'],
    ['half a character', '{"branch":"\\ud800"}'],
    ['a NUL', '{"branch":"a\\u0000b"}'],
    ['too much nesting', `{"branch":${'['.repeat(20)}${']'.repeat(20)}}`],
    ['too much text', JSON.stringify({ branch: 'x'.repeat(70_000) })],
  ])('refuses arguments that are %s, before anything is decided', async (_, json) => {
    using fixture = toolFixture({
      probe: probeTool(
        ['{branch}'],
        { branch: text },
        {
          schema: { type: 'object', properties: { branch: text }, required: ['branch'], additionalProperties: false },
        },
      ),
    });
    const error = await toolErrorOf(fixture.tools.call('probe', json));
    expect(error.tag).toBe('invalid-arguments');
    expect(fixture.runs).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('branch');
    expect(fixture.faults).toEqual([]);
  });

  it('keeps numbers exact or refuses them', async () => {
    using fixture = toolFixture({ probe: probeTool(['--n={n}'], { n: { type: 'number' } }) });
    expect((await fixture.probe('probe', { n: 0.25 })).argv).toEqual(['--n=0.25']);
    for (const number of ['9007199254740993', '1e400', '-9007199254740993']) {
      expect(await toolTagOf(fixture.tools.call('probe', `{"n":${number}}`))).toBe('invalid-arguments');
    }
  });

  it('denies by default and starts nothing', async () => {
    using fixture = toolFixture({ probe: probeTool([], {}) }, { allow: () => false });
    expect(await toolTagOf(fixture.tools.call('probe', '{}'))).toBe('denied:no-rule');
    expect(fixture.runs).toEqual([]);
  });

  it('starts nothing when the record cannot be written', async () => {
    using fixture = toolFixture({ probe: probeTool([], {}) }, { auditFailsAt: 0 });
    expect(await toolTagOf(fixture.tools.call('probe', '{}'))).toBe('denied:audit-unavailable');
    expect(fixture.runs).toEqual([]);
  });

  it('lists only what the agent may call, in order of name', () => {
    using fixture = toolFixture(
      { 'b/two': probeTool([], {}), 'b/hidden': probeTool([], {}), a: probeTool([], {}) },
      { mayCall: (name) => name !== 'b/hidden' },
    );
    expect(fixture.tools.list().map(({ name }) => name)).toEqual(['a', 'b/two']);
    expect(JSON.parse(fixture.tools.list()[0]?.inputSchema ?? '')).toMatchObject({ type: 'object' });
    expect(fixture.records).toEqual([]);
  });

  it('answers for a tool that may not be called as for one that does not exist', async () => {
    using fixture = toolFixture({ hidden: probeTool([], {}) }, { allow: () => false, mayCall: () => false });
    const texts = [];
    for (const name of ['hidden', 'absent']) {
      const error = await toolErrorOf(fixture.tools.call(name, '{"any":1}'));
      texts.push(error.tag === 'denied' ? JSON.stringify([error.val.reason, error.val.hint]) : error.tag);
    }
    expect(texts[0]).toBe(texts[1]);
    using open = toolFixture({ known: probeTool([], {}) });
    expect(await toolTagOf(open.tools.call('absent', '{}'))).toBe('unknown-tool');
    expect(await toolTagOf(open.tools.call('Known', '{}'))).toBe('invalid-arguments');
    expect(await toolTagOf(open.tools.call('../known', '{}'))).toBe('invalid-arguments');
  });

  it('brings an intention into the form that the attempt has', () => {
    using fixture = toolFixture({ probe: probeTool(['{branch}'], { branch: text }) });
    const intend = (action: string, resource: string, name: string) =>
      isRefusal(fixture.gate.intention({ action, resource, attributes: new Map([[name, 'x']]) }));
    expect(intend('tool:call', 'tool:probe', 'branch')).toBe(false);
    expect(intend('tool:call', 'tool:absent', 'any')).toBe(false);
    expect(intend('tool:call', 'tool:probe', 'other')).toBe(true);
    expect(intend('tool:call', 'probe', 'branch')).toBe(true);
    expect(intend('tool:run', 'tool:probe', 'branch')).toBe(true);
  });
});
