import { Command, CommanderError } from 'commander';
import { EXIT, HostError, type ExitCode } from '../../host/index.ts';
import type { CommandContext, CommandSpec } from './command.ts';
import { untrusted } from './output/human.ts';

const GROUPS: Readonly<Record<string, string>> = {
  policy: 'check and explain a policy, and keep its versions',
  approve: 'answer what agents have to ask people',
  audit: 'show and verify audit records',
  secrets: 'list and check the secrets of a configuration',
};

/** Parses a command line, runs its verb and returns the exit code. Never throws. */
export async function runCommandLine(
  commands: readonly CommandSpec[],
  all: readonly string[],
  version: string,
  context: CommandContext,
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const takes = commandOf(commands, all)?.passed !== undefined;
  const args = takes ? ownArguments(all) : all;
  const passed = all.slice(args.length + 1);
  const program = createProgram(commands, version, context, (code) => (exit = code), passed);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // Commander has told the operator already.
      const usage = new HostError('ERR_USAGE', error.message.replace(/^error: /, ''), { cause: error });
      if (args.includes('--json')) context.printer.json(failureOf(commands, args, usage));
      return EXIT.usage;
    }
    const host =
      error instanceof HostError ? error : new HostError('ERR_INTERNAL', 'a fault of the host', { cause: error });
    if (args.includes('--json')) context.printer.json(failureOf(commands, args, host));
    noteError(host, error, context);
    return host.exit;
  }
}

/** What stands before `--`: the rest is for the program that is run. */
export function ownArguments(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end === -1 ? args : args.slice(0, end);
}

const commandOf = (commands: readonly CommandSpec[], args: readonly string[]): CommandSpec | undefined =>
  commands.find(({ name }) => name.split(' ').every((word, index) => args[index] === word));

/** What `--json` prints for an error: machine readers get the object that the verb promises, whatever stopped it. */
function failureOf(commands: readonly CommandSpec[], args: readonly string[], error: HostError): unknown {
  const spec = commandOf(commands, args);
  if (spec?.failure !== undefined) return spec.failure(error);
  const { code, message, hints, position } = error;
  return { error: { code, message, hints, ...(position === undefined ? {} : { position }) } };
}

/** The whole command line as commander knows it. */
export function createProgram(
  commands: readonly CommandSpec[],
  version: string,
  context: CommandContext,
  finished: (code: ExitCode) => void,
  passed: readonly string[] = [],
): Command {
  const program = new Command('sallyport')
    .description('Runs agents that nobody trusts: every effect is decided by policy and recorded before it happens.')
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.printer.line(text.trimEnd()),
      writeErr: (text) => context.printer.note(untrusted(text.trimEnd())),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 the agent failed, 2 denied, 3 configuration or policy invalid, 4 limit, 64 usage, 70 host fault',
    );
  const groups = new Map<string, Command>();
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ');
    let parent = program;
    if (second !== undefined) {
      parent =
        groups.get(first) ??
        program
          .command(first)
          .description(GROUPS[first] ?? '')
          .exitOverride();
      groups.set(first, parent);
    }
    addCommand(parent, second ?? first, spec, (args, values) => spec.run(context, args, values, passed).then(finished));
  }
  return program;
}

function addCommand(
  parent: Command,
  word: string,
  spec: CommandSpec,
  act: (args: readonly (string | undefined)[], values: unknown) => Promise<void>,
): void {
  const command = parent.command(word).description(spec.summary).exitOverride();
  for (const { notation, description } of spec.arguments) command.argument(notation, description);
  for (const { flags, description, repeats } of spec.options) {
    if (repeats === undefined) command.option(flags, description);
    else command.option(flags, description, (value: string, all: readonly string[]) => [...all, value], []);
  }
  if (spec.passed !== undefined)
    command.usage(`[options] ${spec.arguments.map(({ notation }) => notation).join(' ')} [-- arguments...]`);
  command.option('--debug', 'print stack traces of faults');
  const passed = spec.passed === undefined ? '' : `\nBehind \`--\`: ${spec.passed}\n`;
  command.addHelpText('after', `${passed}\nExample:\n  ${spec.example.replaceAll('\n', '\n  ')}`);
  command.action(() => act(command.processedArgs as readonly (string | undefined)[], command.opts()));
}

/** Tells the operator what happened, where, what to do. No stack without `--debug`. */
function noteError(host: HostError, error: unknown, { printer, debug }: CommandContext): void {
  printer.note(`sallyport: ${untrusted(host.message)}`);
  for (const hint of host.hints) printer.note(`  ${untrusted(hint)}`);
  if (debug) printer.note(untrusted(stackOf(error)));
  else if (host.code === 'ERR_INTERNAL') printer.note('  run again with --debug for the stack trace');
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
