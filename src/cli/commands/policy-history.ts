import { z } from 'zod';
import { EXIT, openPolicyHistory } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { table } from '../output/human.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Lists the versions of a policy. */
export const policyHistory: CommandSpec = {
  name: 'policy history',
  summary: 'list the policies that were in force, the newest first',
  arguments: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport policy history --config guest-examples/hello/sallyport.yaml',
  run({ printer, workingDirectory }, _args, values) {
    const options = Options.parse(values);
    const versions = openPolicyHistory({ configuration: options.config, workingDirectory }).versions().toReversed();
    if (options.json) printer.json({ versions });
    else if (versions.length === 0) printer.line('no policy was in force yet');
    else {
      const rows = versions.map(({ generation, digest, time, rules, added, removed, why, by = '-' }) => [
        ...[String(generation), digest.slice(0, 19), time, String(rules), `+${added} -${removed}`, by, why],
      ]);
      for (const line of table(['version', 'digest', 'time', 'rules', 'rows', 'by', 'why'], rows)) printer.line(line);
    }
    return Promise.resolve(EXIT.ok);
  },
};
