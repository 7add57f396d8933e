import { z } from 'zod';
import { EXIT, HostError, probePlatform, reviewDatabases, type ExitCode } from '../../../host/index.ts';
import { detectToolchains } from '../../build/toolchains.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { table, untrusted } from '../output/human.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });
const yes = (ok: boolean): string => (ok ? 'yes' : 'no');

/** Says what this machine can do. */
export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'say what this machine can build, and which isolation is really in force',
  arguments: [
    {
      notation: '[part]',
      description: '`db`: log in to the databases of the configuration, and look at what their roles may do',
    },
  ],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport doctor',
  async run(context, [part], values) {
    const options = Options.parse(values);
    if (part === 'db') return doctorDatabases(context, options);
    if (part !== undefined) throw new HostError('ERR_USAGE', `there is no part \`${part}\`: the only one is \`db\``);
    const { printer } = context;
    const [platform, toolchains] = await Promise.all([probePlatform(), detectToolchains()]);
    if (options.json) {
      printer.json({ platform, toolchains });
      return EXIT.ok;
    }
    printer.line(`engine ${platform.engine} on ${platform.system}`);
    printer.line();
    const fences = platform.checks.map(({ name, holds, detail }) => [name, yes(holds), detail]);
    for (const line of table(['isolation', 'holds', 'detail'], fences)) printer.line(line);
    printer.line();
    const tools = Object.entries(toolchains).map(([language, { available, detail, howToGet }]) => [
      language,
      yes(available),
      available ? detail : `${detail}; get it with: ${howToGet.replaceAll('\n', '; ')}`,
    ]);
    for (const line of table(['can build', 'ready', 'detail'], tools)) printer.line(line);
    return EXIT.ok;
  },
};

/** Ends with `invalid` where a role can do more than it should, or a server does not answer. */
async function doctorDatabases(
  { printer, workingDirectory }: CommandContext,
  options: z.infer<typeof Options>,
): Promise<ExitCode> {
  const databases = await reviewDatabases({ configuration: options.config, workingDirectory });
  const good = databases.every(({ checks }) => checks.every(({ holds }) => holds));
  if (options.json) {
    printer.json({ databases });
    return good ? EXIT.ok : EXIT.invalid;
  }
  for (const { database, role, checks } of databases) {
    printer.line(role === undefined ? `database ${database}: a file` : `database ${database}, role ${untrusted(role)}`);
    const rows = checks.map(({ name, holds, detail }) => [name, yes(holds), untrusted(detail)]);
    if (rows.length > 0) for (const line of table(['claim', 'holds', 'detail'], rows)) printer.line(line);
  }
  if (databases.length === 0) printer.line('the configuration names no database');
  return good ? EXIT.ok : EXIT.invalid;
}
