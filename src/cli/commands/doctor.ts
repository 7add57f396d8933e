import { z } from 'zod';
import { EXIT, probePlatform } from '../../../host/index.ts';
import { detectToolchains } from '../../build/toolchains.ts';
import { JSON_OPTION, type CommandSpec } from '../command.ts';
import { table } from '../output/human.ts';

const Options = z.object({ json: z.boolean().default(false) });

/** Says what this machine can do. */
export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'say what this machine can build, and which isolation is really in force',
  arguments: [],
  options: [JSON_OPTION],
  example: 'sallyport doctor',
  async run({ printer }, _args, values) {
    const options = Options.parse(values);
    const [platform, toolchains] = await Promise.all([probePlatform(), detectToolchains()]);
    if (options.json) {
      printer.json({ platform, toolchains });
      return EXIT.ok;
    }
    const yes = (ok: boolean): string => (ok ? 'yes' : 'no');
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
