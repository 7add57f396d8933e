import { z } from 'zod';
import {
  CELL_KINDS,
  EXIT_OF_STATUS,
  HostError,
  openHost,
  type ExitCode,
  type Host,
  type RunOptions,
  type RunResult,
} from '../../../host/index.ts';
import { approveMode, createApprover } from '../approver.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { loadSummary, runLoadTest, worstExit } from '../load-test.ts';
import { readInput, readStdin, readVariables } from '../input.ts';
import { createDenialNotes } from '../output/denial-notes.ts';
import { createHeldPrinter, type HeldPrinter } from '../output/held-printer.ts';
import { untrusted } from '../output/human.ts';
import { createPolicyNotes } from '../output/policy-notes.ts';
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
  approve: z.string().optional(),
  approveAs: z.array(z.string()).default([]),
  count: z.string().optional(),
  parallel: z.string().optional(),
  watch: z.boolean().default(true),
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
        'where the agent lives: shared, thread or process; never a weaker one than the configuration says, ' +
        'and that is process unless the digest of the component is pinned',
    },
    {
      flags: '--approve <how>',
      description:
        'how questions to people are answered: prompt (the default on a terminal), wait for `sallyport approve` ' +
        '(the default elsewhere), auto-no, or auto-yes in the name of --approve-as',
    },
    {
      flags: '--approve-as <user>',
      description:
        'who answers here: user:NAME, an approver of the configuration and not the one on whose behalf the agent runs ' +
        '(repeatable); the name is taken as it is given',
      repeats: true,
    },
    {
      flags: '--count <n>',
      description: 'a load test: runs so often, and says how many went well and how long they took',
    },
    { flags: '--parallel <p>', description: 'how many of those at one time (default: 1)' },
    {
      flags: '--no-watch',
      description: 'keep the policy that there is at the start; without it, a change takes effect while the agent runs',
    },
    JSON_OPTION,
  ],
  passed:
    'arguments of the program, after those of the configuration. What a WASI program writes to\n' +
    'standard output comes out as it is, but escaped on a terminal; with --json it is in `output`.',
  example: [
    'sallyport run build/hello.wasm --config guest-examples/hello/sallyport.yaml --input Ada',
    'sallyport run tool.wasm --stdin @notes.txt --env LANG=C -- --count words',
    'sallyport run --input Ada --count 1000 --parallel 8',
  ].join('\n'),
  failure: failedResult,
  async run(context, [component], values, passed) {
    const options = Options.parse(values);
    if (options.input === '-' && options.stdin === '-')
      throw new HostError('ERR_USAGE', 'standard input can be read once: give `-` to `--input` or to `--stdin`');
    const load = loadOf(options);
    const environment = readVariables(options.env);
    const input = options.input === undefined ? {} : { input: await readInput(options.input, context) };
    const stdin = options.stdin === undefined ? {} : { stdin: await readStdin(options.stdin, context) };
    const { workingDirectory } = context;
    const { printer, hold } = createHeldPrinter(context.printer);
    // Where a question is asked, a guest has no line that could pass for one of ours.
    const mark = context.terminal === undefined ? '' : '| ';
    const host = await openHost({
      configuration: options.config,
      workingDirectory,
      spareCell: load === undefined,
      watch: options.watch,
    });
    host.onPolicy(createPolicyNotes(printer));
    const onApproval = await approverOf(options, host, context, hold);
    const facts = {
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      ...(options.onBehalfOf === undefined ? {} : { onBehalfOf: options.onBehalfOf }),
    };
    const asked = {
      ...input,
      ...stdin,
      arguments: passed,
      environment,
      signal: context.signal,
      onApproval,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(component === undefined ? {} : { component }),
      ...(options.cell === undefined ? {} : { cell: options.cell }),
      ...facts,
    };
    if (load !== undefined) return testLoad(context, host, asked, { ...load, json: options.json });
    try {
      const result = await host.run({
        ...asked,
        onDecision: createDenialNotes(printer, (event, agent) => host.help(agent, event, facts)),
        onAlert: ({ alerts = [], action, resource, effect, id }, agent) =>
          printer.note(
            `alert ${alerts.map((name) => `\`${name}\``).join(' ')}: ${untrusted(`${agent}: ${action} ${resource}`)} (${effect}, ${id})`,
          ),
        onLog: (level, text) => printer.note(`[${level}] ${untrusted(text)}`),
        onOutput: (text: string) => printer.note(`${mark}${untrusted(text)}`),
        ...(options.json ? {} : { onAnswer: printer.answer }),
        onFault: (text) => printer.note(`sallyport: fault: ${untrusted(text)}`),
      });
      if (options.json) printer.json(result);
      else show(context, result);
      return EXIT_OF_STATUS[result.status];
    } finally {
      await host.close(); // a thread that agents share waits for more of them
    }
  },
};

/** What answers the questions of the run. A host for which there is none is not needed any more. */
async function approverOf(
  { agent, approve, approveAs: as, onBehalfOf, config: configuration }: z.infer<typeof Options>,
  host: Host,
  context: CommandContext,
  hold: HeldPrinter['hold'],
): Promise<NonNullable<RunOptions['onApproval']>> {
  const { manifest } = host;
  const [first = ''] = manifest.agents.keys();
  const own = manifest.agents.get(agent ?? first)?.onBehalfOf;
  try {
    const mode = approveMode(approve);
    return createApprover({ mode, as, manifest, onBehalfOf: onBehalfOf ?? own, configuration }, context, hold);
  } catch (error) {
    await host.close();
    throw error;
  }
}

const Times = z.coerce.number().int().min(1).max(1_000_000);

function loadOf({ count, parallel }: z.infer<typeof Options>): { count: number; parallel: number } | undefined {
  if (count === undefined && parallel === undefined) return undefined;
  const [runs, lanes] = [count ?? '1', parallel ?? '1'].map((text) => Times.safeParse(text).data);
  if (runs === undefined || lanes === undefined)
    throw new HostError('ERR_USAGE', '`--count` and `--parallel` are whole numbers from 1 to 1000000');
  return { count: runs, parallel: lanes };
}

async function testLoad(
  { printer, signal }: CommandContext,
  host: Host,
  asked: RunOptions,
  { count, parallel, json }: { readonly count: number; readonly parallel: number; readonly json: boolean },
): Promise<ExitCode> {
  const { agent, component, cell } = asked;
  const choice = {
    ...(agent === undefined ? {} : { agent }),
    ...(component === undefined ? {} : { component }),
    ...(cell === undefined ? {} : { cell }),
  };
  try {
    const result = await runLoadTest({
      ...{ count, parallel, signal },
      warm: (cells) => host.warm({ ...choice, cells, signal }),
      run: () => host.run(asked),
      progress: (ended, failed) => printer.progress(`${ended} of ${count}, ${failed} failed`),
    });
    printer.progress('');
    if (json) printer.json(result);
    else for (const line of loadSummary(result)) printer.line(line);
    return worstExit(result);
  } finally {
    await host.close();
  }
}

function show({ printer }: CommandContext, result: RunResult): void {
  // Of any other program it is there already.
  if (result.output !== undefined && result.program === 'agent') printer.line(untrusted(result.output));
  const { allow, deny, pending } = result.decisions;
  const { wallMs, hostCalls, peakLinearMemoryBytes } = result.usage;
  if (result.error !== undefined) {
    printer.note(`${printer.noteStyle.bad(result.status)}: ${result.error.code}: ${untrusted(result.error.message)}`);
    for (const frame of result.error.stack ?? []) printer.note(`  at ${frame}`); // escaped where it was made
    // What a JavaScript agent makes of a refusal that it does not catch: the engine has no text for it.
    if (result.error.code === 'trap' && deny > 0)
      printer.note('  the agent may not have handled a denial: a refusal of the host is an exception with a `payload`');
  }
  printer.note(
    `${result.status}: ${allow} allowed, ${deny} denied, ${pending === 0 ? '' : `${pending} not answered, `}${hostCalls} host calls, ${Math.round(wallMs)} ms, ` +
      `${(peakLinearMemoryBytes / (1 << 20)).toFixed(1)} MiB`,
  );
  if (result.audit !== null) printer.note(`audit: ${result.audit}`);
}
