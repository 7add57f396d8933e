import { EXIT } from '../../../host/index.ts';
import { QuestionOptions, withQuestions } from '../approval-questions.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { untrusted } from '../output/human.ts';
import { standingOf } from '../output/question.ts';

/** Follows questions until it is ended. */
export const approveWatch: CommandSpec = {
  name: 'approve watch',
  summary: 'one line for each question that is asked or answered, until Ctrl-C',
  arguments: [],
  options: [
    CONFIG_OPTION,
    { ...JSON_OPTION, description: 'one JSON object a line, and nothing else, on standard output' },
  ],
  example: 'sallyport approve watch --json',
  run: (context, _, values) => {
    const { config, json } = QuestionOptions.parse(values);
    return withQuestions(context, config, async (questions) => {
      for await (const question of questions.watch(context.signal)) {
        const [first] = question.accesses;
        const text = `${question.id} ${question.agent} ${first?.action ?? ''} ${first?.resource ?? ''}: ${standingOf(question)}`;
        if (json) context.printer.json(question);
        else context.printer.line(untrusted(text));
      }
      return EXIT.ok;
    });
  },
};
