import { z } from 'zod';
import { EXIT, HostError, openHost, type PolicyExplanation } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandContext, type CommandSpec } from '../command.ts';
import { budgetLine } from '../output/budget.ts';
import { untrusted } from '../output/human.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  agent: z.string().optional(),
  arguments: z.string().default('{}'),
  purpose: z.string().optional(),
  onBehalfOf: z.string().optional(),
  label: z.string().optional(),
  at: z.iso.datetime({ offset: true, error: 'expected a time as in `2026-03-02T11:00:00Z`' }).optional(),
  json: z.boolean().default(false),
});

/** Explains one decision. */
export const policyExplain: CommandSpec = {
  name: 'policy explain',
  summary: 'why an action would be allowed or denied, and the row to add',
  arguments: [
    { notation: '<action>', description: 'for instance http:GET, fs:read, db:select, tool:call' },
    {
      notation: '<resource>',
      description: 'for instance https://api.example.com/v1, /workspace/a.txt, db:main/orders, tool:git',
    },
  ],
  options: [
    CONFIG_OPTION,
    { flags: '-a, --agent <name>', description: 'who would act (needed if the configuration has several agents)' },
    { flags: '--arguments <json>', description: 'arguments that rules may test, as a JSON object' },
    { flags: '--purpose <purpose>', description: 'why it would run' },
    { flags: '--on-behalf-of <user>', description: 'for whom it would run: user:NAME' },
    { flags: '--label <label>', description: 'the label of what the run would have read before; the lowest if absent' },
    { flags: '--at <time>', description: 'when it would happen, RFC 3339; now if absent' },
    JSON_OPTION,
  ],
  example: 'sallyport policy explain fs:read /workspace/.env --config guest-examples/hello/sallyport.yaml',
  async run(context, [action = '', resource = ''], values) {
    const parsed = Options.safeParse(values);
    if (!parsed.success)
      throw new HostError(
        'ERR_USAGE',
        parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; '),
      );
    const options = parsed.data;
    const host = await openHost({ configuration: options.config, workingDirectory: context.workingDirectory });
    const explanation = host.explain({
      action,
      resource,
      arguments: options.arguments,
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      ...(options.onBehalfOf === undefined ? {} : { onBehalfOf: options.onBehalfOf }),
      ...(options.label === undefined ? {} : { label: options.label }),
      ...(options.at === undefined ? {} : { atMs: Date.parse(options.at) }),
    });
    if (options.json) context.printer.json(explanation);
    else show(context, explanation);
    return explanation.effect === 'allow' ? EXIT.ok : EXIT.denied;
  },
};

/** The nearest are worth reading; `--json` has the others. */
const MOST_SHOWN = 5;

const remark = (note: string | undefined): string => (note === undefined ? '' : `  -- ${untrusted(note)}`);

function show({ printer }: CommandContext, explanation: PolicyExplanation): void {
  const { effect, reason, action, resource, agent, matched, near, rowToAdd } = explanation;
  const word = effect === 'allow' ? printer.style.good('allow') : printer.style.bad(effect);
  printer.line(
    `${word} ${untrusted(`${action} ${resource}`)} for ${untrusted(agent)}${reason === undefined ? '' : ` (${reason})`}`,
  );
  for (const { file, line, row, note } of matched)
    printer.line(`  matched ${file}:${line}: ${untrusted(row)}${remark(note)}`);
  for (const { file, line, row, note } of near.slice(0, MOST_SHOWN))
    printer.line(`  nearly  ${file}:${line}: ${untrusted(row)}${remark(note)}`);
  for (const counter of explanation.budgets ?? []) printer.line(`  ${untrusted(budgetLine(counter))}`);
  if (explanation.note !== undefined) printer.line(`  ${untrusted(explanation.note)}`);
  if (rowToAdd !== undefined) printer.line(`  to allow it, add: ${untrusted(rowToAdd)}`);
}
