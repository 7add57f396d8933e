import { z } from 'zod';
import { EXIT, listSecrets, openHost } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { counted, untrusted } from '../output/human.ts';

const Options = z.object({ config: z.string().default('sallyport.yaml'), json: z.boolean().default(false) });

/** Loads a policy, runs the tests in `tests.yaml` beside it, and says what is wrong with it, or with secrets under it. */
export const policyCheck: CommandSpec = {
  name: 'policy check',
  summary: 'load the configuration and its policy, run its tests, and explain every problem with file and line',
  arguments: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport policy check --config guest-examples/hello/sallyport.yaml',
  async run({ printer, workingDirectory }, _args, values) {
    const options = Options.parse(values);
    const host = await openHost({ configuration: options.config, workingDirectory });
    const report = host.policyReport();
    const { warnings, tests } = report;
    const errors = warnings.filter(({ severity }) => severity === 'error').length;
    const failures = tests?.failures ?? [];
    const exit = errors + failures.length === 0 ? EXIT.ok : EXIT.invalid;
    const secrets = listSecrets({ configuration: options.config, workingDirectory }).flatMap(({ name, warnings: of }) =>
      of.map((message) => ({ secret: name, message })),
    );
    if (options.json) {
      printer.json(secrets.length === 0 ? report : { ...report, secrets });
      return exit;
    }
    printer.line(`${report.file}: ${counted(report.rules, 'rule')}, ${report.policy.digest}`);
    for (const { line, severity = 'warning', message, mend = [] } of warnings) {
      printer.line(`${report.file}:${line}: ${severity}: ${untrusted(message)}`);
      for (const row of mend) printer.line(`  mended by: ${untrusted(row)}`);
    }
    for (const { secret, message } of secrets)
      printer.line(untrusted(`${options.config}: secrets.${secret}: warning: ${message}`));
    for (const failure of failures) printer.line(untrusted(failure));
    if (tests !== undefined)
      printer.line(`${tests.file}: ${counted(tests.passed, 'test')} passed, ${failures.length} failed`);
    const count = warnings.length + secrets.length;
    if (errors > 0) printer.line(`${counted(errors, 'error')}, ${counted(count - errors, 'warning')}`);
    else if (count > 0) printer.line(counted(count, 'warning'));
    else if (failures.length === 0) printer.line(printer.style.good('no problems'));
    return exit;
  },
};
