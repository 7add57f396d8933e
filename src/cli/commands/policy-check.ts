import { z } from 'zod';
import { EXIT, openHost } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { untrusted } from '../output/human.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Loads a policy and says what is wrong with it. */
export const policyCheck: CommandSpec = {
  name: 'policy check',
  summary: 'load the configuration and its policy, and explain every problem with file and line',
  arguments: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport policy check --config guest-examples/hello/sallyport.yaml',
  async run({ printer, workingDirectory }, _args, values) {
    const options = Options.parse(values);
    const host = await openHost({ configuration: options.config, workingDirectory });
    const report = host.policyReport();
    if (options.json) {
      printer.json(report);
      return EXIT.ok;
    }
    printer.line(`${report.file}: ${report.rules} rules, ${report.policy.digest}`);
    for (const { line, message, mend = [] } of report.warnings) {
      printer.line(`${report.file}:${line}: warning: ${untrusted(message)}`);
      for (const row of mend) printer.line(`  mended by: ${untrusted(row)}`);
    }
    printer.line(
      report.warnings.length === 0 ? printer.style.good('no problems') : `${report.warnings.length} warnings`,
    );
    return EXIT.ok;
  },
};
