import { hash } from 'node:crypto';
import type { Options, ValidateFunction } from 'ajv/dist/2020.js';
import { attributesOf, isAttributesRefusal } from '../../contracts/attributes.ts';
import type { Intention } from '../../contracts/gate.ts';
import type { AccessRequest, Attributes, Json, Parsed, Refusal } from '../../contracts/request.ts';
import { parseStrictJson } from '../../contracts/strict-json.ts';
import { canonicalJson } from '../../audit/canonical-json.ts';
import type { TemplateItem, ToolConfig, ToolDeclaration } from './config.ts';

/** The actions of this gate. */
export const TOOL_ACTIONS = ['tool:call'] as const;

/** What the driver performs. Without a tool there is nothing of that name for this agent. */
export interface ToolTarget {
  readonly tool: ToolDeclaration | undefined;
  readonly argv: readonly string[];
  readonly stdin: Uint8Array | undefined;
}

/** How schemas are read: closed against typing errors, without any loading and without changing what is validated. */
export const SCHEMA_OPTIONS: Options = {
  strict: true,
  strictTypes: true,
  strictTuples: true,
  strictRequired: true,
  allowUnionTypes: true,
  ownProperties: true,
  logger: false,
};

const ACTION = TOOL_ACTIONS[0];
const JSON_LIMITS = { bytes: 64 * 1024, depth: 8 };
const NAME = /^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)*$/;
const MAX_NAME_LENGTH = 128;

export const isToolName = (text: string): boolean => text.length <= MAX_NAME_LENGTH && NAME.test(text);

const refuse = (refused: string): Refusal => ({ refused, action: ACTION });

export interface ToolParserOptions {
  readonly config: ToolConfig;
  /** Whether some rule lets this agent call the tool, whatever the arguments. */
  readonly mayCall: (name: string) => boolean;
}

/** Turns the guest's arguments into canonical requests. The only parser of this gate. */
export function createToolParser({ config, mayCall }: ToolParserOptions) {
  const tools = new Map(config.tools.map((tool) => [tool.name, tool]));
  const validators = new Map<ToolDeclaration, ValidateFunction>();

  function parseFor(tool: ToolDeclaration, validate: ValidateFunction, object: JsonObject): Parsed<ToolTarget> {
    if (!validate(object)) return refuse(`arguments: ${schemaProblem(validate)}`);
    const argv = argvOf(tool.template, object);
    if ('refused' in argv) return refuse(`arguments: ${argv.refused}`);
    const text = tool.stdin === undefined ? undefined : memberOf(object, tool.stdin);
    const stdin = typeof text === 'string' ? new TextEncoder().encode(text) : undefined;
    return request(tool.name, object, { tool, argv: argv.items, stdin });
  }

  return Object.freeze({
    call(name: string, json: string): Parsed<ToolTarget> | Promise<Parsed<ToolTarget>> {
      if (!isToolName(name)) return refuse('the name of the tool is malformed');
      const parsed = parseStrictJson(json, JSON_LIMITS);
      if ('refused' in parsed) return refuse(`arguments: ${parsed.refused}`);
      // A tool that the agent may not call at all answers like one that does not exist: its schema stays unseen.
      const tool = mayCall(name) ? tools.get(name) : undefined;
      if (tool === undefined) return request(name, parsed.object, { tool: undefined, argv: [], stdin: undefined });
      const known = validators.get(tool);
      if (known !== undefined) return parseFor(tool, known, parsed.object);
      return compile(tool.schema).then((validate) => {
        validators.set(tool, validate);
        return parseFor(tool, validate, parsed.object);
      });
    },

    intention({ action, resource, attributes }: Intention): Parsed<undefined> {
      const name = resource.startsWith('tool:') ? resource.slice('tool:'.length) : '';
      if (action !== ACTION) return { refused: 'action: not one of this capability', action };
      if (!isToolName(name)) return refuse('the name of the tool is malformed');
      const tool = mayCall(name) ? tools.get(name) : undefined;
      if (tool !== undefined && ![...attributes.keys()].every((key) => isToolArgument({ tools: [tool] }, name, key))) {
        return refuse('arguments: has a name that the schema does not have');
      }
      return { capability: 'tool', accesses: [{ action, resource, attributes }], target: undefined, summary: {} };
    },
  });
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Loaded at the first call: an agent that calls no tool does not pay for it. */
async function compile(schema: JsonObject): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  return new Ajv2020(SCHEMA_OPTIONS).compile(schema);
}

/** Where the arguments do not fit. The schema is public to whoever may call the tool. */
function schemaProblem({ errors }: ValidateFunction): string {
  const [error] = errors ?? [];
  const place = error?.instancePath === '' || error === undefined ? 'the object' : error.instancePath;
  return `${place} ${error?.message ?? 'does not fit the schema'}`.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 200);
}

function request(name: string, object: JsonObject, target: ToolTarget): AccessRequest<ToolTarget> | Refusal {
  const attributes: Attributes | { readonly refused: string } = attributesOf(object);
  if (isAttributesRefusal(attributes)) return refuse(`arguments: ${attributes.refused}`);
  const json = object as { readonly [key: string]: Json }; // `parseStrictJson` made it from a JSON text
  const names = Object.keys(object)
    .slice(0, 16)
    .map((key) => key.slice(0, 32));
  return {
    capability: 'tool',
    accesses: [{ action: ACTION, resource: `tool:${name}`, attributes }],
    target,
    summary: {
      arguments: names,
      digest: hash('sha256', canonicalJson(json), 'hex'),
      ...(target.stdin === undefined ? {} : { stdinBytes: target.stdin.length }),
    },
    payload: { arguments: json },
  };
}

/** A member by its own name: an inherited one is not there. */
const memberOf = (object: JsonObject, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

type Argv = { readonly items: readonly string[] } | { readonly refused: string };

/** Fills a template: each value becomes one item, or one item for each member of a list. */
export function argvOf(template: readonly TemplateItem[], object: JsonObject): Argv {
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

/** The properties of a schema, by name. */
export function propertiesOf(schema: unknown): ReadonlyMap<string, unknown> {
  const properties = isRecord(schema) ? schema['properties'] : undefined;
  return new Map(isRecord(properties) ? Object.entries(properties) : []);
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether a rule may test `arg.NAME`: a property of the tool's schema, nested ones with dots. Without a tool, of any
 * tool: for rules whose resource is a pattern.
 */
export function isToolArgument(config: ToolConfig, tool: string | undefined, name: string): boolean {
  const tools = tool === undefined ? config.tools : config.tools.filter((known) => known.name === tool);
  return tools.some(({ schema }) => isPublished(schema, schema, name.split('.')));
}

function isPublished(root: unknown, schema: unknown, names: readonly string[]): boolean {
  const [name, ...rest] = names;
  if (name === undefined) return true;
  const here = dereferenced(root, schema);
  const property = propertiesOf(here).get(name);
  if (property !== undefined) return isPublished(root, property, rest);
  // A nested object that is open may hold any name.
  return isRecord(here) && here !== root && here['type'] === 'object' && here['additionalProperties'] !== false;
}

function dereferenced(root: unknown, schema: unknown): unknown {
  const reference = isRecord(schema) ? schema['$ref'] : undefined;
  if (typeof reference !== 'string' || !reference.startsWith('#/$defs/') || !isRecord(root)) return schema;
  const definitions = root['$defs'];
  return isRecord(definitions)
    ? new Map(Object.entries(definitions)).get(reference.slice('#/$defs/'.length))
    : undefined;
}
