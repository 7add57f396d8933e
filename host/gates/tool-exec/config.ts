import { basename } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../../contracts/gate-config.ts';
import { isRecord, isToolName, propertiesOf, SCHEMA_OPTIONS } from './request.ts';

const toolSchema = z.strictObject({
  description: z.string().min(1).max(1000).describe('What the tool does, for agents to read.'),
  kind: z.literal('process').optional().describe('A program of this machine; the only kind.'),
  command: z.string().describe('Absolute path of the program. No shell is involved.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('SHA-256 of the program, hex. With it, exactly these bytes are run.'),
  arguments: z
    .array(z.string())
    .optional()
    .describe(
      'The argument list. `{name}` stands for an argument, alone or after fixed text (`--count={n}`); `{{` is a brace.',
    ),
  schema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('JSON Schema (2020-12) of the arguments: an object without additional properties. None without it.'),
  environment: z
    .record(z.string(), z.string())
    .optional()
    .describe('The whole environment of the program. Nothing is inherited.'),
  directory: z
    .string()
    .optional()
    .describe(
      'Working directory: relative to the configuration file, absolute, or `mount:/workspace`. `/` without it.',
    ),
  stdin: z.string().optional().describe('The argument whose text is given on standard input. Closed without it.'),
  timeout: z
    .union([z.int().positive(), z.string().regex(/^[1-9][0-9]{0,8}(ms|s|m)$/)])
    .optional()
    .describe('The longest that a call may take: milliseconds, or a number with `ms`, `s` or `m`. 30 s without it.'),
  maxOutputBytes: z
    .int()
    .positive()
    .optional()
    .describe('The most bytes that are kept of standard output, and of standard error. 256 KiB without it.'),
});

const toolsSchema = z.record(z.string(), toolSchema).describe('Programs that agents may call, by name (`git/log`).');

export type ToolSection = z.infer<typeof toolsSchema>;
type RawTool = z.infer<typeof toolSchema>;

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

export type WorkingDirectory =
  { readonly kind: 'host'; readonly path: string } | { readonly kind: 'mount'; readonly path: string };

/** A tool, checked. Plain data. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  /** As the program sees its own name. */
  readonly command: string;
  /** The program, links resolved. */
  readonly file: string;
  readonly identity: string | undefined;
  readonly sha256: string | undefined;
  /** The program, and the script that it runs. */
  readonly programs: readonly string[];
  readonly template: readonly TemplateItem[];
  readonly environment: readonly (readonly [string, string])[];
  readonly directory: WorkingDirectory;
  readonly stdin: string | undefined;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

export interface ToolConfig {
  /** In order of name. */
  readonly tools: readonly ToolDeclaration[];
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MOST_TIMEOUT_MS = 86_400_000;
const DEFAULT_OUTPUT_BYTES = 256 * 1024;
const NO_ARGUMENTS: Readonly<Record<string, unknown>> = { type: 'object', properties: {}, additionalProperties: false };

/** Programs that run whatever their arguments say, or run other programs with more rights. */
const OVER_BROAD: ReadonlySet<string> = new Set(
  'sh bash rbash dash ash zsh ksh mksh fish csh tcsh pwsh busybox toybox env xargs sudo su doas pkexec nsenter unshare chroot'.split(
    ' ',
  ),
);
/** Programs that are as good as the script they are given, so the script must be fixed. */
const INTERPRETER = /^(python|pypy|node|nodejs|deno|bun|perl|ruby|php|lua|luajit|tclsh|guile)[0-9.]*$/;
/** Variables that make a program load or run something else. */
const LOADER_VARIABLE =
  /^(LD_.*|DYLD_.*|GCONV_PATH|NODE_OPTIONS|NODE_REPL_EXTERNAL_MODULE|BASH_ENV|ENV|PERL5OPT|RUBYOPT|PYTHONSTARTUP)$/;

/** The key `tools` of the configuration. */
export const toolConfig: GateConfig<ToolSection, ToolConfig> = {
  key: 'tools',
  schema: toolsSchema,
  absent: {},
  resolve(raw: ToolSection, context: ResolveContext): ToolConfig {
    const tools = Object.entries(raw).map(([name, tool]) => resolveTool(name, tool, context));
    return { tools: tools.sort((one, other) => (one.name < other.name ? -1 : 1)) };
  },
};

type Report = (field: string, message: string) => void;

function resolveTool(name: string, tool: RawTool, context: ResolveContext): ToolDeclaration {
  const report: Report = (field, message) =>
    context.problem(['tools', name, ...(field === '' ? [] : [field])], message);
  if (!isToolName(name)) report('', 'not a tool name: words of `a-z`, `0-9` and `-`, parted by `/`');
  const schema = tool.schema ?? NO_ARGUMENTS;
  checkSchema(schema, report);
  const template = parseTemplate(tool.arguments ?? [], schema, report);
  const programs = checkCommand(tool.command, template, context, report);
  const environment = Object.entries(tool.environment ?? {});
  for (const [variable, value] of environment) checkVariable(variable, value, report);
  if (tool.stdin !== undefined && !isText(propertiesOf(schema).get(tool.stdin))) {
    report('stdin', `the schema has no text argument \`${tool.stdin}\``);
  }
  const [file = tool.command] = programs;
  return {
    name,
    description: tool.description,
    schema,
    command: tool.command,
    file,
    identity: context.probe.identity?.(file),
    sha256: tool.sha256,
    programs,
    template,
    environment,
    directory: resolveDirectory(tool.directory ?? '/', context, report),
    stdin: tool.stdin,
    timeoutMs: millisecondsOf(tool.timeout ?? DEFAULT_TIMEOUT_MS),
    maxOutputBytes: tool.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
  };
}

function checkSchema(schema: Readonly<Record<string, unknown>>, report: Report): void {
  // A name that no list holds could not be tested by a rule.
  const misplaced = ['patternProperties', '$id', '$ref', '$dynamicRef'].find((key) => key in schema);
  if (schema['type'] !== 'object') report('schema', '`type` must be `object`');
  else if (schema['additionalProperties'] !== false) report('schema', '`additionalProperties` must be `false`');
  else if (misplaced !== undefined) report('schema', `\`${misplaced}\` cannot stand at the top`);
  else {
    try {
      new Ajv2020(SCHEMA_OPTIONS).compile(schema);
    } catch (error) {
      report('schema', `not a usable JSON Schema: ${error instanceof Error ? error.message : 'unknown reason'}`);
    }
  }
}

/** Checks the program. Returns it, and the script that it runs, with links resolved. */
function checkCommand(
  command: string,
  template: readonly TemplateItem[],
  context: ResolveContext,
  report: Report,
): string[] {
  const { probe } = context;
  const file = probe.real(command);
  const [first] = template;
  if (!command.startsWith('/')) report('command', `\`${command}\` is not an absolute path`);
  else if (file === undefined) report('command', `\`${command}\` does not exist`);
  else if (!probe.executable(file)) report('command', `\`${command}\` is not a program that can be run`);
  else if (isOverBroad(command, file))
    report('command', `\`${command}\` runs whatever it is told: declare the program itself`);
  else if (/\.(bat|cmd)$/i.test(file))
    report('command', `\`${command}\` is a batch file: a shell would read its arguments`);
  else if (INTERPRETER.test(basename(command)) || INTERPRETER.test(basename(file))) {
    const script = first?.kind === 'literal' && first.text.startsWith('/') ? probe.real(first.text) : undefined;
    if (script !== undefined && probe.kind(script) === 'file') return [file, script];
    report('arguments', `\`${command}\` needs the absolute path of a script as its first argument`);
  } else return [file];
  return [];
}

function isOverBroad(command: string, file: string): boolean {
  if (OVER_BROAD.has(basename(command))) return true;
  // Where every program is a link to one binary, the name that was given says what it is.
  const real = basename(file);
  return OVER_BROAD.has(real) && real !== 'busybox' && real !== 'toybox';
}

function checkVariable(variable: string, value: string, report: Report): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
    report('environment', `\`${variable}\` is not the name of a variable`);
  else if (LOADER_VARIABLE.test(variable)) report('environment', `\`${variable}\` makes programs load something else`);
  if (value.includes('\0')) report('environment', `the value of \`${variable}\` has a NUL`);
}

function resolveDirectory(given: string, context: ResolveContext, report: Report): WorkingDirectory {
  if (given.startsWith('mount:')) return { kind: 'mount', path: given.slice('mount:'.length) };
  const path = given.startsWith('/') ? given : `${context.directory}/${given}`;
  if (context.probe.kind(path) !== 'directory') report('directory', `\`${given}\` is not a directory`);
  return { kind: 'host', path: context.probe.real(path) ?? path };
}

function millisecondsOf(timeout: number | string): number {
  if (typeof timeout === 'number') return Math.min(timeout, MOST_TIMEOUT_MS);
  const unit = timeout.endsWith('ms') ? 1 : timeout.endsWith('m') ? 60_000 : 1000;
  return Math.min(Number.parseInt(timeout, 10) * unit, MOST_TIMEOUT_MS);
}

const PLACEHOLDER = /^((?:[^{}]|\{\{|\}\})*)\{([A-Za-z_][A-Za-z0-9_-]*)\}$/;
const NO_PLACEHOLDER = /^(?:[^{}]|\{\{|\}\})*$/;
const unescaped = (text: string): string => text.replaceAll('{{', '{').replaceAll('}}', '}');

function parseTemplate(
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
const isText = (schema: unknown): boolean => isRecord(schema) && typesOf(schema).join() === 'string';

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
