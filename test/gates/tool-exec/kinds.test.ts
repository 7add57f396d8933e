import { afterEach, describe, expect, it } from 'vitest';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import { command } from '../../support/command.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';
import { resolveTools } from './tool-fixture.ts';

const object = (properties: object, more: object = {}) => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
});
const text = { type: 'string' };

describe('the kinds of tools', () => {
  it('are programs where nothing is said', () => {
    const { config } = resolveTools({ echo: { description: 'd', command: '/bin/echo' } });
    expect(config.tools).toMatchObject([{ kind: 'process', name: 'echo' }]);
  });

  it('resolve a function with its defaults, to plain data', () => {
    const { config, problems } = resolveTools({ f: { kind: 'function', description: 'd' } });
    expect(problems).toEqual([]);
    expect(config.tools).toEqual([
      {
        kind: 'function',
        name: 'f',
        description: 'd',
        schema: object({}),
        result: undefined,
        timeoutMs: 30_000,
        maxOutputBytes: 262_144,
      },
    ]);
    expect(structuredClone(config)).toEqual(config);
  });

  it('resolve an agent with its defaults: one text for its input, a few calls, a short chain', () => {
    const { config, problems } = resolveTools({ a: { kind: 'component', description: 'd', agent: 'beta' } });
    expect(problems).toEqual([]);
    expect(config.tools).toMatchObject([
      { agent: 'beta', input: 'input', calls: 16, depth: 4, schema: object({ input: text }, { required: ['input'] }) },
    ]);
  });

  it.each<[string, ToolSection, RegExp]>([
    [
      'an open schema of a function',
      { f: { kind: 'function', description: 'd', schema: { type: 'object' } } },
      /`additionalProperties` must be `false`/,
    ],
    [
      'a result that is no schema',
      { f: { kind: 'function', description: 'd', result: { type: 'nonsense' } } },
      /f\.result: not a usable JSON Schema/,
    ],
    [
      'an input that is no argument',
      { a: { kind: 'component', description: 'd', agent: 'b', input: 'q', schema: object({ p: text }) } },
      /a\.input: the schema has no text argument `q`/,
    ],
    [
      'an input that is no text',
      {
        a: { kind: 'component', description: 'd', agent: 'b', input: 'q', schema: object({ q: { type: 'integer' } }) },
      },
      /no text argument `q`/,
    ],
    ['a name that is none', { 'A b': { kind: 'function', description: 'd' } }, /not a tool name/],
  ])('refuse %s', (_, section, message) => {
    expect(resolveTools(section).problems.join('\n')).toMatch(message);
  });
});

describe('the kinds of tools in a configuration', () => {
  let world: AgentWorld;
  afterEach(() => world.remove());

  it.each<[string, string, RegExp]>([
    [
      'a kind that is none',
      'x: { kind: proces, description: d, command: /bin/echo }',
      /expected one of `process`, `function`, `component`/,
    ],
    ['a key of another kind', 'x: { kind: function, description: d, command: /bin/echo }', /unknown key `command`/],
    [
      'an agent that is not there',
      'x: { kind: component, description: d, agent: testr }',
      /no agent `testr`; did you mean `tester`/,
    ],
    [
      'a chain that is too long',
      'x: { kind: component, description: d, agent: tester, depth: 99 }',
      /too large: at most 16/,
    ],
  ])('refuse %s', async (_, line, message) => {
    const configuration = `version: 1\nagents: { tester: { component: agent.wasm } }\ntools:\n  ${line}\n`;
    world = makeAgentWorld({ configuration });
    const { code, stderr } = await command(['policy', 'check'], { cwd: world.directory });
    expect(stderr).toMatch(message);
    expect(code).toBe(3);
  });
});
