import { z } from 'zod';
import { EXIT, verifyAudit } from '../../../host/index.ts';
import { auditLocation, AUDIT_OPTIONS } from '../audit-location.ts';
import { JSON_OPTION, type CommandSpec } from '../command.ts';
import { untrusted } from '../output/human.ts';

const Options = z.object({
  config: z.string().optional(),
  directory: z.string().optional(),
  json: z.boolean().default(false),
});

/** Checks the hash chain of one run. */
export const auditVerify: CommandSpec = {
  name: 'audit verify',
  summary: 'check that the record of a run is whole: form, hash chain, completeness',
  arguments: [
    { notation: '[run]', description: 'a run id (or its beginning), a file, or `latest`, which is the default' },
  ],
  options: [...AUDIT_OPTIONS, JSON_OPTION],
  example: 'sallyport audit verify latest --config guest-examples/hello/sallyport.yaml',
  async run({ printer, workingDirectory }, [wanted = 'latest'], values) {
    const options = Options.parse(values);
    const { file, verification } = verifyAudit(auditLocation(options, wanted, workingDirectory), wanted);
    if (options.json) {
      printer.json({ file, ...verification });
      return Promise.resolve(verification.ok ? EXIT.ok : EXIT.agentError);
    }
    printer.line(file);
    for (const { name, ok, records, firstBad } of verification.levels) {
      const verdict = ok ? printer.style.good('holds') : printer.style.bad('broken');
      const where = firstBad === undefined ? '' : `: line ${firstBad.line}: ${untrusted(firstBad.reason)}`;
      printer.line(`  ${name.padEnd(12)} ${verdict}  ${records} records${where}`);
    }
    for (const warning of verification.warnings) printer.line(`  warning: ${untrusted(warning)}`);
    for (const note of verification.notes) printer.line(`  note: ${untrusted(note)}`);
    return Promise.resolve(verification.ok ? EXIT.ok : EXIT.agentError);
  },
};
