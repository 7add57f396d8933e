import { z } from 'zod';
import { checkSecrets, EXIT } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { table } from '../output/human.ts';
import { printWarnings } from './secrets-list.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Asks every source of a secret. Ends with `invalid` where one does not answer. */
export const secretsCheck: CommandSpec = {
  name: 'secrets check',
  summary: 'say whether every secret can be had now, and never what it is',
  arguments: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport secrets check --config sallyport.yaml',
  async run({ printer, workingDirectory }, _args, values) {
    const options = Options.parse(values);
    const secrets = await checkSecrets({ configuration: options.config, workingDirectory });
    const good = secrets.every(({ answers }) => answers);
    if (options.json) {
      printer.json({ secrets });
      return good ? EXIT.ok : EXIT.invalid;
    }
    const rows = secrets.map(({ name, source, answers, problem = '' }) => [
      name,
      source,
      answers ? 'yes' : 'no',
      problem,
    ]);
    if (rows.length === 0) printer.line('the configuration names no secret');
    else for (const line of table(['secret', 'from', 'answers', 'problem'], rows)) printer.line(line);
    printWarnings(printer, secrets);
    return good ? EXIT.ok : EXIT.invalid;
  },
};
