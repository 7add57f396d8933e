import { z } from 'zod';
import { CELL_KINDS, EXIT_OF_STATUS, HostError, openHost, type RunResult } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { readInput, readStdin, readVariables } from '../input.ts';
import { createDenialNotes } from '../output/denial-notes.ts';
import { untrusted } from '../output/human.ts';
import { failedResult } from '../output/failed-result.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  agent: z.string().optional(),
  input: z.string().optional(),
  stdin: z.string().optional(),
  env: z.array(z.string()).default([]),
  purpose: z.string().optional(),
  onBehalfOf: z.string().optional(),
  cell: z.enum(CELL_KINDS).optional(),
  json: z.boolean().default(false),
});

/** Runs an agent, or any other WASI program, once. */
export const run: CommandSpec = {
  name: 'run',
  summary: 'run an agent or a WASI program once, under the policy of the configuration',
  arguments: [
    {
      notation: '[component]',
      description:
        'an agent, a WASI command or a module of WASI preview 1; by default the one that the configuration names',
    },
  ],
  options: [
    CONFIG_OPTION,
    { flags: '-a, --agent <name>', description: 'which agent of the configuration (needed if it has several)' },
    { flags: '-i, --input <text>', description: 'what the agent is given: text, @FILE, or - for standard input' },
    {
      flags: '--purpose <purpose>',
      description: 'why the agent runs; one of the purposes that the configuration declares',
    },
    { flags: '--on-behalf-of <user>', description: 'for whom the agent runs: user:NAME' },
    {
      flags: '--stdin <text>',
      description: 'the standard input of the program: text, @FILE, or - for our own (default: empty)',
    },
    { flags: '-e, --env <name=value>', description: 'a variable that the program sees (repeatable)', repeats: true },
    {
      flags: '--cell <kind>',
      description:
        'where the agent lives: thread or process; never a weaker one than the configuration says, ' +
        'and that is process unless the digest of the component is pinned',
    },
    JSON_OPTION,
  ],
  passed:
    'arguments of the program, after those of the configuration. What a WASI program writes to\n' +
    'standard output comes out as it is, but escaped on a terminal; with --json it is in `output`.',
  example: [
    'sallyport run build/hello.wasm --config guest-examples/hello/sallyport.yaml --input Ada',
    'sallyport run tool.wasm --stdin @notes.txt --env LANG=C -- --count words',
  ].join('\n'),
  failure: failedResult,
  async run(context, [component], values, passed) {
    const options = Options.parse(values);
    if (options.input === '-' && options.stdin === '-')
      throw new HostError('ERR_USAGE', 'standard input can be read once: give `-` to `--input` or to `--stdin`');
    const environment = readVariables(options.env);
    const input = options.input === undefined ? {} : { input: await readInput(options.input, context) };
    const stdin = options.stdin === undefined ? {} : { stdin: await readStdin(options.stdin, context) };
    const { workingDirectory, printer } = context;
    const host = await openHost({ configuration: options.config, workingDirectory, spareCell: true });
    const facts = {
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      ...(options.onBehalfOf === undefined ? {} : { onBehalfOf: options.onBehalfOf }),
    };
    const result = await host.run({
      ...input,
      ...stdin,
      arguments: passed,
      environment,
      signal: context.signal,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(component === undefined ? {} : { component }),
      ...(options.cell === undefined ? {} : { cell: options.cell }),
      ...facts,
      onDecision: createDenialNotes(printer, (event, agent) => host.help(agent, event, facts)),
      onLog: (level, text) => printer.note(`[${level}] ${untrusted(text)}`),
      onOutput: (text: string) => printer.note(untrusted(text)),
      ...(options.json ? {} : { onAnswer: printer.answer }),
      onFault: (text) => printer.note(`sallyport: fault: ${untrusted(text)}`),
    });
    if (options.json) printer.json(result);
    else show(context, result);
    return EXIT_OF_STATUS[result.status];
  },
};

function show({ printer }: CommandContext, result: RunResult): void {
  // Of any other program it is there already.
  if (result.output !== undefined && result.program === 'agent') printer.line(untrusted(result.output));
  const { allow, deny } = result.decisions;
  const { wallMs, hostCalls, peakLinearMemoryBytes } = result.usage;
  if (result.error !== undefined) {
    printer.note(`${printer.noteStyle.bad(result.status)}: ${result.error.code}: ${untrusted(result.error.message)}`);
    for (const frame of result.error.stack ?? []) printer.note(`  at ${frame}`); // escaped where it was made
    // What a JavaScript agent makes of a refusal that it does not catch: the engine has no text for it.
    if (result.error.code === 'trap' && deny > 0)
      printer.note('  the agent may not have handled a denial: a refusal of the host is an exception with a `payload`');
  }
  printer.note(
    `${result.status}: ${allow} allowed, ${deny} denied, ${hostCalls} host calls, ${Math.round(wallMs)} ms, ` +
      `${(peakLinearMemoryBytes / (1 << 20)).toFixed(1)} MiB`,
  );
  if (result.audit !== null) printer.note(`audit: ${result.audit}`);
}
