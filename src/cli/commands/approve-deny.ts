import { EXIT, HostError } from '../../../host/index.ts';
import { QuestionOptions, withQuestions, WHO_ANSWERS } from '../approval-questions.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { untrusted } from '../output/human.ts';

const Options = QuestionOptions.extend({ as: QuestionOptions.shape.config.unwrap().optional() });

/** Says no. */
export const approveDeny: CommandSpec = {
  name: 'approve deny',
  summary: `say no to a question: the effect does not happen, and the run does not ask the same again. ${WHO_ANSWERS}`,
  arguments: [{ notation: '<question>', description: 'the id of a question, or the beginning of it' }],
  options: [
    CONFIG_OPTION,
    { flags: '--as <user>', description: 'who says so: user:NAME, an approver of the configuration (needed)' },
    JSON_OPTION,
  ],
  example: 'sallyport approve deny run-01k2v7/3 --as user:ada',
  run: (context, [reference = ''], values) => {
    const { config, json, as } = Options.parse(values);
    if (as === undefined) throw new HostError('ERR_USAGE', 'who says no: write `--as user:NAME`');
    return withQuestions(context, config, (questions) => {
      const question = questions.deny(reference, as);
      if (json) context.printer.json(question);
      else context.printer.line(untrusted(`${question.id}: ${as} says no`));
      return EXIT.ok;
    });
  },
};
