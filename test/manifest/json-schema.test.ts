import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse as parseYaml } from 'yaml';
import { describe, expect, it } from 'vitest';
import { manifestJsonSchema, schemaAt, type JsonSchema } from '../../host/manifest/json-schema.ts';
import { folderWithPolicy, GATES, parse, problemsOf } from './manifest-fixture.ts';

const schema = manifestJsonSchema(GATES);

/** Every schema within a schema that stands for a key of the file. */
function* keys(at: JsonSchema, path = ''): Generator<readonly [path: string, schema: JsonSchema]> {
  for (const [name, member] of Object.entries(at.properties ?? {})) {
    yield [`${path}${name}`, member];
    yield* keys(member, `${path}${name}.`);
  }
  for (const below of [at.additionalProperties, at.items, ...(at.anyOf ?? [])]) {
    if (typeof below === 'object') yield* keys(below, `${path}*.`);
  }
}

describe('the JSON Schema of the configuration', () => {
  it('is a valid schema of 2020-12', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(new Ajv2020({ strict: false }).validateSchema(schema)).toBe(true);
  });

  it('describes every key', () => {
    const undescribed = [...keys(schema)].filter(([, member]) => typeof member['description'] !== 'string');
    expect(undescribed.map(([path]) => path)).toEqual([]);
    expect([...keys(schema)].map(([path]) => path)).toContain('agents.*.component');
  });

  it('knows the keys of every part', () => {
    expect(Object.keys(schemaAt(schema, ['agents', 'x'])?.properties ?? {})).toContain('onBehalfOf');
    expect(Object.keys(schemaAt(schema, ['box', 'items', 0])?.properties ?? {})).toEqual(['name']);
    expect(schemaAt(schema, ['nothing'])).toBeUndefined();
  });

  it.each([
    ['version: 1', true],
    ['version: 1\nlimits: {wall: 30s, memory: 64MB}\nagents: {a: {component: a.wasm}}\nbox: {size: 3}', true],
    ['version: 2', false],
    ['version: 1\nagnets: {}', false],
    ['version: 1\nagents: {a: {}}', false],
    ['version: 1\nlimits: {wall: 5d}', false],
    ['version: 1\nbox: {size: 10}', false],
  ])('says of %j what the reader says', (text, fits) => {
    using folder = folderWithPolicy();
    expect(new Ajv2020({ strict: false }).compile(schema)(parseYaml(text))).toBe(fits);
    if (fits) expect(() => parse(text, folder.directory)).not.toThrow();
    else expect(problemsOf(text)).not.toEqual([]);
  });
});
