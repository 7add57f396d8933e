import { z } from 'zod';
import { EXIT, HostError, openHost } from '../../../host/index.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { amountText, limitText, roomText, subjectText } from '../output/budget.ts';
import { table } from '../output/human.ts';
import { durationText } from '../output/question.ts';

const Options = z.object({
  config: z.string().default('sallyport.yaml'),
  agent: z.string().optional(),
  onBehalfOf: z.string().optional(),
  resource: z.string().optional(),
  json: z.boolean().default(false),
});
const HEADER = ['rule', 'budget', 'limit', 'counts for', 'used', 'left', 'room', 'all again'];

/** Shows how the counters of budgets stand. */
export const policyBudgets: CommandSpec = {
  name: 'policy budgets',
  summary: 'the budgets of the policy: what is used, what is left, and when there is room again',
  arguments: [],
  options: [
    CONFIG_OPTION,
    { flags: '-a, --agent <name>', description: 'only what counts for this agent' },
    { flags: '--on-behalf-of <user>', description: 'for budgets of a person (`@user`): user:NAME' },
    { flags: '--resource <resource>', description: 'for budgets of a resource (`@resource`), as records name it' },
    JSON_OPTION,
  ],
  example: 'sallyport policy budgets --agent reporter',
  async run({ printer, workingDirectory }, _args, values) {
    const parsed = Options.safeParse(values);
    if (!parsed.success) throw new HostError('ERR_USAGE', z.prettifyError(parsed.error).replaceAll('\n', ' '));
    const { config, agent, onBehalfOf, resource, json } = parsed.data;
    const host = await openHost({ configuration: config, workingDirectory });
    try {
      const budgets = host.budgets({
        ...(agent === undefined ? {} : { agent }),
        ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
        ...(resource === undefined ? {} : { resource }),
      });
      if (json) printer.json({ budgets });
      else if (budgets.length === 0) printer.line('no rule of these agents has a budget');
      else {
        const rows = budgets.map((counter) => [
          ...[counter.rule, counter.kind, limitText(counter), subjectText(counter)],
          counter.used === null ? '-' : amountText(counter, counter.used),
          counter.left === null ? '-' : amountText(counter, counter.left),
          roomText(counter),
          counter.clearInMs === null ? '-' : counter.clearInMs === 0 ? 'now' : `in ${durationText(counter.clearInMs)}`,
        ]);
        for (const line of table(HEADER, rows)) printer.line(line);
      }
      return EXIT.ok;
    } finally {
      await host.close();
    }
  },
};
