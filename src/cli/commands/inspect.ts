import { z } from 'zod';
import { EXIT, openHost, type Inspection, type Program } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { table, untrusted } from '../output/human.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  agent: z.string().optional(),
  json: z.boolean().default(false),
});

/** Shows what a component can ask for, and what it may do. */
export const inspect: CommandSpec = {
  name: 'inspect',
  summary: 'show what a component imports, which gate serves each import, and what the policy lets it do',
  arguments: [
    {
      notation: '[component]',
      description: 'the component; by default the one that the configuration names for the agent',
    },
  ],
  options: [CONFIG_OPTION, { flags: '-a, --agent <name>', description: 'whose policy to show' }, JSON_OPTION],
  example: 'sallyport inspect build/hello.wasm --config guest-examples/hello/sallyport.yaml',
  async run(context, [component], values) {
    const options = Options.parse(values);
    const host = await openHost({ configuration: options.config, workingDirectory: context.workingDirectory });
    const inspection = await host.inspect({
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(component === undefined ? {} : { component }),
      signal: context.signal,
    });
    if (options.json) context.printer.json(inspection);
    else show(context, inspection);
    return EXIT.ok;
  },
};

const PROGRAM: Readonly<Record<Program, string>> = {
  agent: 'agent',
  command: 'WASI command',
  module: 'module of WASI preview 1',
};

function show({ printer }: CommandContext, { component, imports, agent, rules }: Inspection): void {
  printer.line(
    `${PROGRAM[component.program]} ${component.digest}, ${component.bytes} bytes, ${component.modules} core modules`,
  );
  printer.line(component.cached ? 'prepared before: it was in the cache' : 'prepared now');
  printer.line();
  const rows = imports.map(({ name, version, servedBy, functions }) => [
    `${name}@${version}`,
    servedBy,
    functions.join(' '),
  ]);
  for (const line of table(['import', 'served by', 'functions'], rows)) printer.line(line);
  printer.line();
  if (rules.length === 0) printer.line(`${untrusted(agent)} may do nothing: no rule names it or one of its roles`);
  else
    for (const line of table(
      [`rules for ${agent}`, 'line', 'row'],
      rules.map(({ id, line, row }) => [id, String(line), row]),
    ))
      printer.line(line);
}
