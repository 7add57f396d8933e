import { z } from 'zod';
import { EXIT, openPolicyHistory } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { generationOf } from '../generation.ts';
import { untrusted } from '../output/human.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Shows the text of one version. */
export const policyShow: CommandSpec = {
  name: 'policy show',
  summary: 'show the rows of a policy that was in force',
  arguments: [
    { notation: '<version>', description: 'its number, as in `policy history` and in records (`generation`)' },
  ],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport policy show 3',
  run({ printer, workingDirectory }, [version = ''], values) {
    const options = Options.parse(values);
    const history = openPolicyHistory({ configuration: options.config, workingDirectory });
    const shown = history.show(generationOf(version));
    if (options.json) printer.json(shown);
    else {
      printer.note(`version ${shown.generation}, ${shown.digest}, ${shown.time}`);
      printer.line(untrusted(shown.policy.replace(/\n$/, '')));
    }
    return Promise.resolve(EXIT.ok);
  },
};
