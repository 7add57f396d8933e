import { z } from 'zod';
import { EXIT, openHost, type AgentChoice } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { untrusted } from '../output/human.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  agent: z.string().optional(),
  json: z.boolean().default(false),
});

/** Fills the cache, so that first runs need not wait. */
export const prepare: CommandSpec = {
  name: 'prepare',
  summary: 'check a component and fill the cache with what its runs need; nothing of it runs',
  arguments: [
    { notation: '[component]', description: 'the component; by default those of all agents of the configuration' },
  ],
  options: [CONFIG_OPTION, { flags: '-a, --agent <name>', description: 'whose limits count' }, JSON_OPTION],
  example: 'sallyport prepare --config guest-examples/hello/sallyport.yaml',
  async run({ printer, signal, workingDirectory }, [component], values) {
    const { agent, config, json } = Options.parse(values);
    const host = await openHost({ configuration: config, workingDirectory });
    const names = agent === undefined && component === undefined ? [...host.manifest.agents.keys()] : [agent];
    const prepared = [];
    for (const name of names) {
      const choice: AgentChoice = {
        ...(name === undefined ? {} : { agent: name }),
        ...(component === undefined ? {} : { component }),
      };
      prepared.push(await host.prepare({ ...choice, signal }));
    }
    if (json) printer.json({ prepared });
    else
      for (const { agent: of, component: file, modules, cached, milliseconds } of prepared) {
        printer.line(`${untrusted(of)}: component ${file.digest}, ${file.bytes} bytes, ${modules} core modules`);
        printer.line(`  ${cached ? 'was in the cache' : 'prepared'}, ${milliseconds} ms`);
      }
    return EXIT.ok;
  },
};
