import { z } from 'zod';
import { openApprovals, type ApprovalsView } from '../../host/index.ts';
import type { CommandContext } from './command.ts';

/** What `approve` verbs say about who answers. */
export const WHO_ANSWERS =
  'Whoever can write the state directory of the configuration can answer: the name behind `--as` is taken as it is given.';

export const QuestionOptions = z.object({
  config: z.string().default('sallyport.yaml'),
  json: z.boolean().default(false),
});

/** Opens the questions of a configuration for one verb. */
export async function withQuestions<Result>(
  { workingDirectory }: Pick<CommandContext, 'workingDirectory'>,
  configuration: string,
  act: (questions: ApprovalsView) => Result | Promise<Result>,
): Promise<Result> {
  const questions = openApprovals({ configuration, workingDirectory });
  try {
    return await act(questions);
  } finally {
    questions.close();
  }
}
