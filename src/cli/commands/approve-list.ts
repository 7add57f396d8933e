import { EXIT } from '../../../host/index.ts';
import { QuestionOptions, withQuestions } from '../approval-questions.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { table } from '../output/human.ts';
import { durationText } from '../output/question.ts';

const Options = QuestionOptions.extend({ all: QuestionOptions.shape.json });

/** Lists questions to people. */
export const approveList: CommandSpec = {
  name: 'approve list',
  summary: 'the questions that wait for people',
  arguments: [],
  options: [
    CONFIG_OPTION,
    { flags: '--all', description: 'those as well that are answered, or whose time is over (the newest 1000)' },
    JSON_OPTION,
  ],
  example: 'sallyport approve list',
  run: (context, _, values) => {
    const options = Options.parse(values);
    return withQuestions(context, options.config, (questions) => {
      const found = questions.list().filter(({ state }) => options.all || state === 'open' || state === 'granted');
      if (options.json) {
        context.printer.json(found);
        return EXIT.ok;
      }
      if (found.length === 0) {
        context.printer.note(
          options.all ? 'no question was asked' : 'no question waits for people; `--all` shows the others',
        );
        return EXIT.ok;
      }
      const rows = found.map(({ id, state, leftMs, agent, accesses, roles }) => [
        ...[id, state, state === 'open' ? durationText(leftMs) : '', agent, roles.map(({ name }) => name).join('+')],
        accesses.map(({ action, resource }) => `${action} ${resource}`).join(', '),
      ]);
      for (const line of table(['question', 'state', 'left', 'agent', 'needs', 'does'], rows))
        context.printer.line(line);
      return EXIT.ok;
    });
  },
};
