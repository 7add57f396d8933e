import { z } from 'zod';
import { EXIT, openPolicyHistory } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { sideOf } from '../generation.ts';
import { changeLines } from '../output/row-changes.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Compares two versions of a policy, or one with the files. */
export const policyDiff: CommandSpec = {
  name: 'policy diff',
  summary: 'compare two policies row by row, and say which changes allow more',
  arguments: [
    { notation: '[from]', description: 'the number of a version, or `files`; by default the newest version' },
    { notation: '[to]', description: 'the same; by default the files as they are now' },
  ],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport policy diff 3 4\nsallyport policy diff',
  run({ printer, workingDirectory }, [from, to], values) {
    const options = Options.parse(values);
    const history = openPolicyHistory({ configuration: options.config, workingDirectory });
    const side = (text: string | undefined) => (text === undefined ? undefined : sideOf(text));
    const difference = history.diff(side(from), side(to));
    if (options.json) printer.json(difference);
    else for (const line of changeLines(difference.changes, printer.style)) printer.line(line);
    return Promise.resolve(EXIT.ok);
  },
};
