import { z } from 'zod';
import { EXIT, listSecrets, type SecretReport } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { table, untrusted } from '../output/human.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Lists the secrets of a configuration. */
export const secretsList: CommandSpec = {
  name: 'secrets list',
  summary: 'list the secrets of the configuration and where they may go, never their values',
  arguments: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport secrets list --config sallyport.yaml',
  run({ printer, workingDirectory }, _args, values) {
    const options = Options.parse(values);
    const secrets = listSecrets({ configuration: options.config, workingDirectory });
    if (options.json) {
      printer.json({ secrets });
      return Promise.resolve(EXIT.ok);
    }
    if (secrets.length === 0) printer.line('the configuration names no secret');
    else {
      const rows = secrets.flatMap((secret) => rowsOf(secret));
      for (const line of table(['secret', 'from', 'agents', 'use', 'where'], rows)) printer.line(line);
    }
    printWarnings(printer, secrets);
    return Promise.resolve(EXIT.ok);
  },
};

function rowsOf({ name, source, uses, agents }: SecretReport): string[][] {
  const who = agents === undefined ? 'all' : agents.join(', ');
  if (uses.length === 0) return [[name, source, who, '-', '-']];
  return uses.map(({ kind, where }) => [name, source, who, kind, where]);
}

/** What is probably not meant, a line each. */
export function printWarnings(printer: CommandContext['printer'], secrets: readonly SecretReport[]): void {
  for (const { name, warnings } of secrets)
    for (const warning of warnings) printer.line(untrusted(`warning: ${name}: ${warning}`));
}
