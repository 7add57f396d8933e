import type { Report } from './tool-fields.ts';
import { isRecord, propertiesOf } from './tool-schema.ts';

/** One item of an argument list. */
export type TemplateItem =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'value';
      readonly name: string;
      readonly prefix: string;
      /** Behind a literal `--`, where programs take no options. */
      readonly operand: boolean;
      /** Texts that the schema itself lists: the operator chose them, dash or not. */
      readonly listed: readonly string[];
    };

const PLACEHOLDER = /^((?:[^{}]|\{\{|\}\})*)\{([A-Za-z_][A-Za-z0-9_-]*)\}$/;
const NO_PLACEHOLDER = /^(?:[^{}]|\{\{|\}\})*$/;
const unescaped = (text: string): string => text.replaceAll('{{', '{').replaceAll('}}', '}');

/** Reads the argument list of a process tool against the schema of its arguments. */
export function parseTemplate(
  items: readonly string[],
  schema: Readonly<Record<string, unknown>>,
  report: Report,
): TemplateItem[] {
  const properties = propertiesOf(schema);
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const template: TemplateItem[] = [];
  for (const item of items) {
    const operand = template.some((known) => known.kind === 'literal' && known.text === '--');
    const [, prefix, name] = PLACEHOLDER.exec(item) ?? [];
    if (item.includes('\0')) report('arguments', 'an item has a NUL');
    else if (NO_PLACEHOLDER.test(item)) template.push({ kind: 'literal', text: unescaped(item) });
    else if (prefix === undefined || name === undefined) {
      report('arguments', `\`${item}\`: a placeholder \`{name}\` stands alone or at the end; write \`{{\` for a brace`);
    } else {
      const property = properties.get(name);
      const value = { kind: 'value', name, prefix: unescaped(prefix), operand, listed: listedTexts(property) } as const;
      const before = template.at(-1);
      const problem = placeholderProblem(value, property, before, required.includes(name));
      if (problem !== undefined) report('arguments', `\`${item}\`: ${problem}`);
      template.push(value);
    }
  }
  return template;
}

type Value = Extract<TemplateItem, { kind: 'value' }>;

function placeholderProblem(
  value: Value,
  property: unknown,
  before: TemplateItem | undefined,
  required: boolean,
): string | undefined {
  if (property === undefined) return `the schema has no argument \`${value.name}\``;
  const shape = shapeOf(property);
  if (shape === undefined) return `the schema gives \`${value.name}\` no type that fits into an argument list`;
  // CWE-88: behind `-` or `--` alone, the value would choose the option.
  const option = value.prefix.startsWith('-') && !value.prefix.includes('=') && !value.operand;
  if (option && (shape !== 'number' || value.prefix.startsWith('--') || value.prefix === '-')) {
    return 'a value cannot be part of an option: write `--option={name}`';
  }
  const afterOption =
    before?.kind === 'literal' && before.text.startsWith('-') && before.text !== '--' && !value.operand;
  if (afterOption && value.prefix === '' && !required) {
    return 'without this optional argument the option before it would take the next item: write `--option={name}`';
  }
  return undefined;
}

/** What a schema lets into an argument list; `undefined` for anything else. */
function shapeOf(schema: unknown): 'text' | 'number' | 'list' | undefined {
  if (!isRecord(schema)) return undefined;
  const types = typesOf(schema);
  if (types.length === 1 && types[0] === 'array') {
    const items = shapeOf(schema['items']);
    return items === undefined || items === 'list' || 'prefixItems' in schema ? undefined : 'list';
  }
  if (types.length === 0 || !types.every((type) => SCALARS.has(type))) return undefined;
  return types.every((type) => type === 'integer' || type === 'number') ? 'number' : 'text';
}

const SCALARS: ReadonlySet<unknown> = new Set(['string', 'integer', 'number', 'boolean']);
export const isText = (schema: unknown): boolean => isRecord(schema) && typesOf(schema).join() === 'string';

/** The types that a schema names, or those of the values that it lists. */
function typesOf(schema: Readonly<Record<string, unknown>>): unknown[] {
  const type: unknown = schema['type'];
  if (type === undefined) return [...new Set(listed(schema).map((value) => typeof value))];
  return Array.isArray(type) ? type : [type];
}

function listed(schema: Readonly<Record<string, unknown>>): unknown[] {
  if (Array.isArray(schema['enum'])) return schema['enum'];
  return 'const' in schema ? [schema['const']] : [];
}

function listedTexts(schema: unknown): string[] {
  if (!isRecord(schema)) return [];
  return [...listed(schema), ...listedTexts(schema['items'])].filter((value) => typeof value === 'string');
}

export type Argv = { readonly items: readonly string[] } | { readonly refused: string };

/** Fills a template: each value becomes one item, or one item for each member of a list. */
export function argvOf(template: readonly TemplateItem[], object: Readonly<Record<string, unknown>>): Argv {
  const items: string[] = [];
  for (const item of template) {
    if (item.kind === 'literal') {
      items.push(item.text);
      continue;
    }
    const value = memberOf(object, item.name);
    if (value === undefined) continue;
    for (const member of Array.isArray(value) ? (value as unknown[]) : [value]) {
      // `isArray` answers `any[]`
      const text = textOf(member);
      if (text === undefined) return { refused: `\`${item.name}\` is not a value for an argument list` };
      const problem = valueProblem(item, text);
      if (problem !== undefined) return { refused: `\`${item.name}\` ${problem}` };
      items.push(item.prefix + text);
    }
  }
  return { items };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function valueProblem(item: Extract<TemplateItem, { kind: 'value' }>, text: string): string | undefined {
  if (text.includes('\0')) return 'has a NUL';
  if (item.prefix !== '' || item.listed.includes(text)) return undefined;
  // CWE-88: a value must not become an option, nor a file of options.
  if (text.startsWith('-') && !item.operand) return 'begins with `-`';
  return text.startsWith('@') ? 'begins with `@`' : undefined;
}

/** A member by its own name: an inherited one is not there. */
export const memberOf = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;
