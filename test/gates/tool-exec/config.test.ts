import { describe, expect, it } from 'vitest';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import { exposedPrograms } from '../../../host/gates/tool-exec/process-call.ts';
import type { RawProcessTool } from '../../../host/gates/tool-exec/process-tool.ts';
import { toolConfig } from '../../../host/gates/tool-exec/config.ts';
import { isToolArgument } from '../../../host/gates/tool-exec/request.ts';
import { NODE, PROBE, resolveTools } from './tool-fixture.ts';

const text = { type: 'string' };
const object = (properties: object, more: object = {}) => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
});
const tool = (more: Partial<RawProcessTool>): ToolSection => ({
  t: { description: 'd', isolation: 'none', command: '/bin/echo', ...more },
});

describe('the configuration of tools', () => {
  it('resolves a tool with its defaults', () => {
    const { config, problems } = resolveTools(tool({ arguments: ['{a}'], schema: object({ a: text }), timeout: '2m' }));
    expect(problems).toEqual([]);
    expect(config.tools[0]).toMatchObject({ name: 't', timeoutMs: 120_000, maxOutputBytes: 262_144, environment: [] });
    expect(config.tools[0]).toHaveProperty('identity', expect.stringMatching(/^\d+:\d+:\d+:\d+:\d+$/));
    expect(structuredClone(config)).toEqual(config);
  });

  it.each<[string, ToolSection, RegExp]>([
    ['a relative command', tool({ command: 'echo' }), /not an absolute path/],
    ['a missing command', tool({ command: '/bin/no-such-program' }), /does not exist/],
    ['a file that cannot be run', tool({ command: '/etc/passwd' }), /not a program that can be run/],
    ['a directory', tool({ command: '/usr/bin' }), /not a program that can be run/],
    ['a shell', tool({ command: '/bin/sh' }), /runs whatever it is told/],
    ['`env`', tool({ command: '/usr/bin/env' }), /runs whatever it is told/],
    ['`xargs`', tool({ command: '/usr/bin/xargs' }), /runs whatever it is told/],
    ['an interpreter without a script', tool({ command: NODE }), /needs the absolute path of a script/],
    [
      'an interpreter with an option first',
      tool({ command: NODE, arguments: ['-e', PROBE] }),
      /needs the absolute path/,
    ],
    [
      'an interpreter whose script is an argument',
      tool({ command: NODE, arguments: ['{a}'], schema: object({ a: text }) }),
      /needs the/,
    ],
    ['a bad name', { 'Bad/../name': { description: 'd', isolation: 'none', command: '/bin/echo' } }, /not a tool name/],
    ['a placeholder without an argument', tool({ arguments: ['{a}'] }), /the schema has no argument `a`/],
    [
      'a placeholder in the middle',
      tool({ arguments: ['{a}.txt'], schema: object({ a: text }) }),
      /stands alone or at the end/,
    ],
    [
      'a value that chooses the option',
      tool({ arguments: ['--{a}'], schema: object({ a: text }) }),
      /cannot be part of an option/,
    ],
    [
      'a value behind a short option',
      tool({ arguments: ['-o{a}'], schema: object({ a: text }) }),
      /cannot be part of an option/,
    ],
    [
      'an optional value of an option',
      tool({ arguments: ['-n', '{a}'], schema: object({ a: { type: 'integer' } }) }),
      /optional argument/,
    ],
    [
      'an object in the argument list',
      tool({ arguments: ['{a}'], schema: object({ a: { type: 'object' } }) }),
      /no type that fits/,
    ],
    ['a value of any type', tool({ arguments: ['{a}'], schema: object({ a: {} }) }), /no type that fits/],
    ['an open schema', tool({ schema: { type: 'object' } }), /`additionalProperties` must be `false`/],
    [
      'a schema that is no object',
      tool({ schema: { type: 'string', additionalProperties: false } }),
      /`type` must be `object`/,
    ],
    ['a schema with an unknown keyword', tool({ schema: object({}, { propertys: {} }) }), /not a usable JSON Schema/],
    [
      'a remote reference',
      tool({ schema: object({ a: { $ref: 'https://example.test/s.json' } }) }),
      /not a usable JSON Schema/,
    ],
    ['names by pattern', tool({ schema: object({}, { patternProperties: { '^x': {} } }) }), /`patternProperties`/],
    [
      'standard input from a number',
      tool({ stdin: 'a', schema: object({ a: { type: 'integer' } }) }),
      /no text argument `a`/,
    ],
    ['a loader variable', tool({ environment: { LD_PRELOAD: '/x.so' } }), /makes programs load something else/],
    ['a bad variable', tool({ environment: { 'A B': 'x' } }), /not the name of a variable/],
    ['a missing directory', tool({ directory: 'no/such/directory' }), /is not a directory/],
  ])('refuses %s', (_, section, message) => {
    const { problems } = resolveTools(section);
    expect(problems[0]).toMatch(message);
    expect(problems).toHaveLength(1);
  });

  it('refuses unknown keys, kinds and times', () => {
    for (const more of [{ comand: 'x' }, { kind: 'shell' }, { timeout: 'soon' }, { timeout: 0 }, { sha256: 'ABC' }]) {
      expect(() =>
        toolConfig.schema.parse({ t: { description: 'd', isolation: 'none', command: '/bin/echo', ...more } }),
      ).toThrow();
    }
  });

  it('takes numbers behind a short option, listed values anywhere, and a fixed script', () => {
    const schema = object({ n: { type: 'integer' }, mode: { enum: ['--short', '--long'] } });
    expect(resolveTools(tool({ arguments: ['-n{n}', '{mode}'], schema })).problems).toEqual([]);
    expect(resolveTools(tool({ command: NODE, arguments: [PROBE] })).problems).toEqual([]);
  });

  it('publishes the names that rules may test', () => {
    const schema = {
      ...object({ branch: text, where: { $ref: '#/$defs/place' }, free: { type: 'object' } }),
      $defs: { place: object({ path: text }) },
    };
    const { config } = resolveTools(tool({ schema }));
    const known = (name: string) => isToolArgument(config, 't', name);
    expect(['branch', 'where', 'where.path', 'free.any'].map(known)).toEqual([true, true, true, true]);
    expect(['brunch', 'branch.x', 'where.other', 'toString', '__proto__'].map(known)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(isToolArgument(config, undefined, 'branch')).toBe(true);
    expect(isToolArgument(config, 'other', 'branch')).toBe(false);
  });

  it('finds programs and scripts that agents could write', () => {
    const { config } = resolveTools(tool({ command: NODE, arguments: [PROBE] }));
    const folder = PROBE.slice(0, PROBE.lastIndexOf('/'));
    expect(exposedPrograms(config.tools, [folder])).toEqual([{ tool: 't', path: PROBE }]);
    expect(exposedPrograms(config.tools, [`${folder}/other`, folder.slice(0, -1)])).toEqual([]);
  });
});
