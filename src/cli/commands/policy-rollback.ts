import { z } from 'zod';
import { EXIT, openPolicyHistory } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { generationOf } from '../generation.ts';
import { changeLines } from '../output/row-changes.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  by: z.string().max(200).optional(),
  json: z.boolean().default(false),
});

/** Puts an earlier version of a policy back into its files. */
export const policyRollback: CommandSpec = {
  name: 'policy rollback',
  summary: 'write an earlier policy back into its files; what stands there now is kept',
  arguments: [{ notation: '<version>', description: 'its number, as in `policy history`' }],
  options: [CONFIG_OPTION, { flags: '--by <name>', description: 'who does this, for the history' }, JSON_OPTION],
  example: 'sallyport policy rollback 3 --by ada',
  run({ printer, workingDirectory }, [version = ''], values) {
    const options = Options.parse(values);
    const history = openPolicyHistory({ configuration: options.config, workingDirectory });
    const done = history.rollback(generationOf(version), options.by);
    if (options.json) {
      printer.json(done);
      return Promise.resolve(EXIT.ok);
    }
    for (const line of changeLines(done.changes, printer.style)) printer.line(line);
    printer.line(`${done.file} holds version ${done.to.generation} again`);
    if (done.before !== undefined) printer.line(`what stood there is version ${done.before.generation}`);
    if (done.setAside !== undefined) printer.line(`what stood there did not load; it is in ${done.setAside}`);
    return Promise.resolve(EXIT.ok);
  },
};
