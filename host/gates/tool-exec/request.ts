import { hash } from 'node:crypto';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { attributesOf, isAttributesRefusal } from '../../contracts/attributes.ts';
import type { Intention } from '../../contracts/gate.ts';
import type { AccessRequest, Attributes, Json, Parsed, Refusal } from '../../contracts/request.ts';
import { parseStrictJson } from '../../contracts/strict-json.ts';
import { canonicalJson } from '../../audit/canonical-json.ts';
import { argvOf, memberOf } from './argument-list.ts';
import type { ComponentTool } from './component-tool.ts';
import type { ToolConfig } from './config.ts';
import type { FunctionTool } from './function-tool.ts';
import type { ProcessTool } from './process-tool.ts';
import type { ToolDeclaration } from './tool-declaration.ts';
import { compileSchema, isRecord, isToolName, propertiesOf } from './tool-schema.ts';

/** The actions of this gate. */
export const TOOL_ACTIONS = ['tool:call'] as const;

/** A call of a program. */
export interface ProcessTarget {
  readonly kind: 'process';
  readonly tool: ProcessTool;
  readonly argv: readonly string[];
  readonly stdin: Uint8Array | undefined;
}

/** A call of a function of the embedding program. */
export interface FunctionTarget {
  readonly kind: 'function';
  readonly tool: FunctionTool;
  /** The arguments, as canonical JSON. */
  readonly json: string;
}

/** A call of another agent. */
export interface ComponentTarget {
  readonly kind: 'component';
  readonly tool: ComponentTool;
  readonly input: string;
}

/** What the driver performs. `unknown`: there is nothing of that name for this agent. */
export type ToolTarget = { readonly kind: 'unknown' } | ToolCall;

/** A call of something that is there. */
export type ToolCall = (ProcessTarget | FunctionTarget | ComponentTarget) & {
  /** The same call with other arguments, given as JSON; `undefined` where the tool does not take them. */
  readonly withArguments: (change: (json: string) => string) => ToolCall | undefined;
};

const ACTION = TOOL_ACTIONS[0];
const JSON_LIMITS = { bytes: 64 * 1024, depth: 8 };
const refuse = (refused: string): Refusal => ({ refused, action: ACTION });

export interface ToolParserOptions {
  readonly config: ToolConfig;
  /** Whether some rule lets this agent call the tool, whatever the arguments. */
  readonly mayCall: (name: string) => boolean;
  /** Names of the secrets that a tool is lent; none without it. */
  readonly lent?: (tool: string) => readonly string[];
}

/** Turns the guest's arguments into canonical requests. The only parser of this gate. */
export function createToolParser({ config, mayCall, lent = () => [] }: ToolParserOptions) {
  const tools = new Map(config.tools.map((tool) => [tool.name, tool]));
  const validators = new Map<ToolDeclaration, ValidateFunction>();

  function parseFor(tool: ToolDeclaration, validate: ValidateFunction, object: JsonObject): Parsed<ToolTarget> {
    if (!validate(object)) return refuse(`arguments: ${schemaProblem(validate)}`);
    const target = callOf(tool, validate, object);
    return 'refused' in target
      ? refuse(`arguments: ${target.refused}`)
      : request(tool.name, object, target, lent(tool.name));
  }

  function callOf(
    tool: ToolDeclaration,
    validate: ValidateFunction,
    object: JsonObject,
  ): ToolCall | { readonly refused: string } {
    const target = targetOf(tool, object);
    if ('refused' in target) return target;
    return {
      ...target,
      withArguments(change) {
        const parsed = parseStrictJson(change(jsonOf(object)), { ...JSON_LIMITS, bytes: 4 * JSON_LIMITS.bytes });
        if ('refused' in parsed || !validate(parsed.object)) return undefined;
        const changed = callOf(tool, validate, parsed.object);
        return 'refused' in changed ? undefined : changed;
      },
    };
  }

  return Object.freeze({
    call(name: string, json: string): Parsed<ToolTarget> | Promise<Parsed<ToolTarget>> {
      if (!isToolName(name)) return refuse('the name of the tool is malformed');
      const parsed = parseStrictJson(json, JSON_LIMITS);
      if ('refused' in parsed) return refuse(`arguments: ${parsed.refused}`);
      // A tool that the agent may not call at all answers like one that does not exist: its schema stays unseen.
      const tool = mayCall(name) ? tools.get(name) : undefined;
      if (tool === undefined) return request(name, parsed.object, { kind: 'unknown' });
      const known = validators.get(tool);
      if (known !== undefined) return parseFor(tool, known, parsed.object);
      return compileSchema(tool.schema).then((validate) => {
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

/** Where the arguments do not fit. The schema is public to whoever may call the tool. */
function schemaProblem({ errors }: ValidateFunction): string {
  const [error] = errors ?? [];
  const place = error?.instancePath === '' || error === undefined ? 'the object' : error.instancePath;
  return `${place} ${error?.message ?? 'does not fit the schema'}`.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 200);
}

/** What is performed for arguments that fit the schema. */
function targetOf(
  tool: ToolDeclaration,
  object: JsonObject,
): ProcessTarget | FunctionTarget | ComponentTarget | { readonly refused: string } {
  switch (tool.kind) {
    case 'process': {
      const argv = argvOf(tool.template, object);
      if ('refused' in argv) return argv;
      const text = tool.stdin === undefined ? undefined : memberOf(object, tool.stdin);
      const stdin = typeof text === 'string' ? new TextEncoder().encode(text) : undefined;
      return { kind: 'process', tool, argv: argv.items, stdin };
    }
    case 'function':
      // CWE-1321: a function that merges its arguments into an object must not reach a prototype through them.
      if (namesPrototype(object)) return { refused: 'has a name that stands for a prototype' };
      return { kind: 'function', tool, json: jsonOf(object) };
    case 'component': {
      const text = tool.input === undefined ? jsonOf(object) : memberOf(object, tool.input);
      return { kind: 'component', tool, input: typeof text === 'string' ? text : '' };
    }
  }
}

const PROTOTYPE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether an object, or one in it, has a member that most objects inherit. Bounded by the depth of the text. */
function namesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, member]) => (!Array.isArray(value) && PROTOTYPE_NAMES.has(name)) || namesPrototype(member),
  );
}

// `parseStrictJson` made the object from a JSON text.
const jsonOf = (object: JsonObject): string => canonicalJson(object as { readonly [key: string]: Json });

/** The bytes that a call hands to its tool: its arguments, and its standard input. */
export function sentBytes(target: Exclude<ToolTarget, { readonly kind: 'unknown' }>): number {
  switch (target.kind) {
    case 'process': {
      const inArguments = target.argv.reduce((sum, argument) => sum + Buffer.byteLength(argument), 0);
      return inArguments + (target.stdin?.length ?? 0);
    }
    case 'function':
      return Buffer.byteLength(target.json);
    case 'component':
      return Buffer.byteLength(target.input);
  }
}

function sizesOf(target: ToolTarget): { readonly [key: string]: Json } {
  switch (target.kind) {
    case 'process':
      return target.stdin === undefined ? {} : { stdinBytes: target.stdin.length };
    case 'component':
      return { agent: target.tool.agent, inputBytes: Buffer.byteLength(target.input) };
    case 'function':
    case 'unknown':
      return {};
  }
}

function request(
  name: string,
  object: JsonObject,
  target: ToolTarget,
  secrets: readonly string[] = [],
): AccessRequest<ToolTarget> | Refusal {
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
      sha256: hash('sha256', canonicalJson(json), 'hex'),
      ...sizesOf(target),
      // By name: whoever reads the record, or is asked to approve, sees what is lent.
      ...(secrets.length === 0 ? {} : { secrets: secrets.slice(0, 16) }),
    },
    payload: { arguments: json },
  };
}

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
