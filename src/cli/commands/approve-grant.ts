import { EXIT, HostError } from '../../../host/index.ts';
import { QuestionOptions, withQuestions, WHO_ANSWERS } from '../approval-questions.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { untrusted } from '../output/human.ts';
import { standingOf } from '../output/question.ts';

const Options = QuestionOptions.extend({
  as: QuestionOptions.shape.config.unwrap().optional(),
  run: QuestionOptions.shape.json,
});

/** Says yes. */
export const approveGrant: CommandSpec = {
  name: 'approve grant',
  summary: `say yes to a question. ${WHO_ANSWERS}`,
  arguments: [{ notation: '<question>', description: 'the id of a question, or the beginning of it' }],
  options: [
    CONFIG_OPTION,
    { flags: '--as <user>', description: 'who says so: user:NAME, an approver of the configuration (needed)' },
    {
      flags: '--run',
      description:
        'for the rest of the run: for every request with the same actions and resources by the same rules, whatever its arguments',
    },
    JSON_OPTION,
  ],
  example: 'sallyport approve grant run-01k2v7/3 --as user:ada',
  run: (context, [reference = ''], values) => {
    const { config, json, as, run } = Options.parse(values);
    if (as === undefined) throw new HostError('ERR_USAGE', 'who says yes: write `--as user:NAME`');
    return withQuestions(context, config, (questions) => {
      const question = questions.grant(reference, as, run ? 'run' : 'once');
      if (json) context.printer.json(question);
      else context.printer.line(untrusted(`${question.id}: ${as} says yes: ${standingOf(question)}`));
      return EXIT.ok;
    });
  },
};
