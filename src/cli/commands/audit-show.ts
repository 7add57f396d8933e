import { z } from 'zod';
import { EXIT, readAudit } from '../../../host/index.ts';
import { JSON_OPTION, type CommandSpec } from '../command.ts';
import { table, untrusted } from '../output/human.ts';
import { auditLocation, AUDIT_OPTIONS } from '../audit-location.ts';

const Options = z.object({
  config: z.string().optional(),
  directory: z.string().optional(),
  json: z.boolean().default(false),
});

/** Prints the record of one run. */
export const auditShow: CommandSpec = {
  name: 'audit show',
  summary: 'print what a run asked for, what was decided, and the outcome',
  arguments: [
    { notation: '[run]', description: 'a run id (or its beginning), a file, or `latest`, which is the default' },
  ],
  options: [...AUDIT_OPTIONS, JSON_OPTION],
  example: 'sallyport audit show latest --config guest-examples/hello/sallyport.yaml',
  async run({ printer, workingDirectory }, [wanted = 'latest'], values) {
    const options = Options.parse(values);
    const { file, records } = readAudit(auditLocation(options, wanted, workingDirectory), wanted);
    if (options.json) {
      for (const { json } of records) printer.line(json);
      return Promise.resolve(EXIT.ok);
    }
    printer.note(file);
    const who = records[0]?.who ?? '';
    if (who !== '') printer.line(untrusted(who));
    const rows = records.map(({ seq, time, type, action, resource, decision, outcome, rules }) => [
      String(seq),
      time.slice(11, 23),
      type,
      action,
      resource,
      decision,
      outcome,
      rules,
    ]);
    for (const line of table(['seq', 'time', 'type', 'action', 'resource', 'decision', 'outcome', 'rules'], rows))
      printer.line(line);
    return Promise.resolve(EXIT.ok);
  },
};
