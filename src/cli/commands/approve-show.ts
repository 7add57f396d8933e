import { EXIT } from '../../../host/index.ts';
import { QuestionOptions, withQuestions, WHO_ANSWERS } from '../approval-questions.ts';
import { CONFIG_OPTION, JSON_OPTION, type CommandSpec } from '../command.ts';
import { questionLines } from '../output/question.ts';

/** Shows what would run. */
export const approveShow: CommandSpec = {
  name: 'approve show',
  summary: `exactly what would happen, who asks, why, and who may answer. ${WHO_ANSWERS}`,
  arguments: [{ notation: '<question>', description: 'the id of a question, or the beginning of it' }],
  options: [CONFIG_OPTION, JSON_OPTION],
  example: 'sallyport approve show run-01k2v7/3',
  run: (context, [reference = ''], values) => {
    const options = QuestionOptions.parse(values);
    return withQuestions(context, options.config, (questions) => {
      const question = questions.show(reference);
      if (options.json) context.printer.json(question);
      else for (const line of questionLines(question)) context.printer.line(line);
      return EXIT.ok;
    });
  },
};
