import { z } from 'zod';
import { CELL_KINDS, EXIT_OF_STATUS, openHost, type RunResult } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { readInput } from '../input.ts';
import { createDenialNotes } from '../output/denial-notes.ts';
import { untrusted } from '../output/human.ts';
import { failedResult } from '../output/failed-result.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  agent: z.string().optional(),
  input: z.string().default(''),
  purpose: z.string().optional(),
  onBehalfOf: z.string().optional(),
  cell: z.enum(CELL_KINDS).optional(),
  json: z.boolean().default(false),
});

/** Runs an agent once. */
export const run: CommandSpec = {
  name: 'run',
  summary: 'run an agent once, under the policy of the configuration',
  arguments: [
    {
      notation: '[component]',
      description: 'the component; by default the one that the configuration names for the agent',
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
      flags: '--cell <kind>',
      description: 'where the agent lives: thread or process; never a weaker one than the configuration says',
    },
    JSON_OPTION,
  ],
  example: 'sallyport run build/hello.wasm --config guest-examples/hello/sallyport.yaml --input Ada',
  failure: failedResult,
  async run(context, [component], values) {
    const options = Options.parse(values);
    const input = await readInput(options.input, context);
    const { workingDirectory, printer } = context;
    const host = await openHost({ configuration: options.config, workingDirectory, spareCell: true });
    const facts = {
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      ...(options.onBehalfOf === undefined ? {} : { onBehalfOf: options.onBehalfOf }),
    };
    const result = await host.run({
      input,
      signal: context.signal,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(component === undefined ? {} : { component }),
      ...(options.cell === undefined ? {} : { cell: options.cell }),
      ...facts,
      onDecision: createDenialNotes(printer, (event, agent) => host.help(agent, event, facts)),
      onLog: (level, text) => printer.note(`[${level}] ${untrusted(text)}`),
      onOutput: (text: string) => printer.note(untrusted(text)),
      onFault: (text) => printer.note(`sallyport: fault: ${untrusted(text)}`),
    });
    if (options.json) printer.json(result);
    else show(context, result);
    return EXIT_OF_STATUS[result.status];
  },
};

function show({ printer }: CommandContext, result: RunResult): void {
  if (result.output !== undefined) printer.line(untrusted(result.output));
  const { allow, deny } = result.decisions;
  const { wallMs, hostCalls, peakLinearMemoryBytes } = result.usage;
  if (result.error !== undefined) {
    printer.note(`${printer.noteStyle.bad(result.status)}: ${result.error.code}: ${untrusted(result.error.message)}`);
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
