import { basename } from 'node:path';
import { z } from 'zod';
import type { ResolveContext } from '../../contracts/gate-config.ts';
import { isText, parseTemplate, type TemplateItem } from './argument-list.ts';
import { isReserved, confinementFields, resolveConfinement, type Confinement } from './process-confinement.ts';
import {
  checkSchema,
  DEFAULT_OUTPUT_BYTES,
  descriptionField,
  millisecondsOf,
  NO_ARGUMENTS,
  schemaField,
  schemaProblem,
  timeoutField,
  type Report,
  type ToolFields,
} from './tool-fields.ts';
import { propertiesOf, type ToolSchema } from './tool-schema.ts';

/** A tool that is a program of this machine: its part of the configuration. */
export const processToolSchema = z.strictObject({
  description: descriptionField,
  kind: z.literal('process').optional().describe('A program of this machine; what a tool is without `kind`.'),
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
  schema: schemaField,
  environment: z
    .record(z.string(), z.string())
    .optional()
    .describe('The whole environment of the program. Nothing is inherited.'),
  directory: z
    .string()
    .optional()
    .describe(
      'Working directory: `mount:/workspace`; without a sandbox also relative to the configuration file, or absolute. `/` without it.',
    ),
  stdin: z.string().optional().describe('The argument whose text is given on standard input. Closed without it.'),
  ...confinementFields,
  output: z
    .enum(['text', 'json'])
    .optional()
    .describe(
      'What the program writes to standard output where it succeeds; JSON that is not valid is a failed call. `text` without it.',
    ),
  result: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('JSON Schema (2020-12) of standard output, for `output: json`. Any JSON without it.'),
  timeout: timeoutField,
  maxOutputBytes: z
    .int()
    .positive()
    .optional()
    .describe('The most bytes that are kept of standard output, and of standard error. 256 KiB without it.'),
});

export type RawProcessTool = z.infer<typeof processToolSchema>;

export type WorkingDirectory =
  { readonly kind: 'host'; readonly path: string } | { readonly kind: 'mount'; readonly path: string };

/** A program, checked. Plain data. */
export interface ProcessTool extends ToolFields {
  readonly kind: 'process';
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
  readonly confinement: Confinement;
  /** JSON is expected on standard output, perhaps of a schema. */
  readonly output: { readonly schema: ToolSchema | undefined } | undefined;
}

/** Programs that run whatever their arguments say, or run other programs with more rights. */
const OVER_BROAD: ReadonlySet<string> = new Set(
  'sh bash rbash dash ash zsh ksh mksh fish csh tcsh pwsh busybox toybox env xargs sudo su doas pkexec nsenter unshare chroot'.split(
    ' ',
  ),
);
/** Programs that are as good as the script they are given, so the script must be fixed. */
const INTERPRETER = /^(python|pypy|node|nodejs|deno|bun|perl|ruby|php|lua|luajit|tclsh|guile)[0-9.]*$/;
/** Variables that make a program load or run something else. */
export const LOADER_VARIABLE =
  /^(LD_.*|DYLD_.*|GCONV_PATH|NODE_OPTIONS|NODE_REPL_EXTERNAL_MODULE|BASH_ENV|ENV|PERL5OPT|RUBYOPT|PYTHONSTARTUP)$/;

/** Checks a program that is declared as a tool. */
export function resolveProcessTool(
  name: string,
  tool: RawProcessTool,
  context: ResolveContext,
  report: Report,
): ProcessTool {
  const schema = tool.schema ?? NO_ARGUMENTS;
  checkSchema(schema, report);
  const template = parseTemplate(tool.arguments ?? [], schema, report);
  const programs = checkCommand(tool.command, template, context, report);
  const environment = Object.entries(tool.environment ?? {});
  for (const [variable, value] of environment) checkVariable(variable, value, report);
  if (tool.stdin !== undefined && !isText(propertiesOf(schema).get(tool.stdin))) {
    report('stdin', `the schema has no text argument \`${tool.stdin}\``);
  }
  if (tool.result !== undefined && tool.output !== 'json') report('result', 'belongs to `output: json`');
  const problem = tool.result === undefined ? undefined : schemaProblem(tool.result);
  if (problem !== undefined) report('result', problem);
  const confinement = resolveConfinement(tool, context, report);
  const directory = resolveDirectory(tool.directory ?? '/', context, report);
  if (confinement.sandbox !== undefined && directory.kind === 'host' && directory.path !== '/')
    report('directory', 'in a sandbox the working directory is a mount: `mount:/workspace`');
  if (confinement.sandbox !== undefined && directory.kind === 'mount' && isReserved(directory.path))
    report('directory', `\`${directory.path}\` is a place that the sandbox has of its own`);
  const [file = tool.command] = programs;
  return {
    kind: 'process',
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
    directory,
    stdin: tool.stdin,
    confinement,
    output: tool.output === 'json' ? { schema: tool.result } : undefined,
    timeoutMs: millisecondsOf(tool.timeout),
    maxOutputBytes: tool.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
  };
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
