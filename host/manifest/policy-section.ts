import { join, resolve } from 'node:path';
import { z } from 'zod';
import { CASBIN, ENGINES, type EngineChoice } from '../contracts/engine-choice.ts';
import type { ResolveContext } from '../contracts/gate-config.ts';
import type { ConfigPath } from './problem-list.ts';

/** The files of the policy set. */
export interface PolicyManifest {
  readonly deciding: EngineChoice;
  readonly directory: string;
  readonly rules: string;
  /** Where the set brings its own. */
  readonly model: string | undefined;
}

/** The section as it is written: the directory alone, or with how decisions are made. */
export type RawPolicy = string | z.output<ReturnType<typeof policySchema>>;

/** Of so many decisions of the compiled engine one is compared with Casbin, where nothing is said. */
const STANDARD_SHADOW = 1_000;

/** The section with more than a directory in it. */
export const policySchema = (path: z.ZodString) =>
  z.strictObject({
    directory: path
      .optional()
      .describe('Directory with `policy.csv` and, if it is not the built-in one, `model.conf`. `policy` without it.'),
    engine: z
      .enum(ENGINES)
      .optional()
      .describe(
        '`casbin` (the default): Casbin decides; `compiled`: an evaluator of the same model, faster, that is compared with it.',
      ),
    shadow: z
      .int()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe(
        `With \`engine: compiled\`: one in so many decisions is made by Casbin as well; a difference is recorded, and Casbin decides from then on. ${STANDARD_SHADOW} without it; 0 is never.`,
      ),
  });

/** Finds the files of the policy set. It must be there: without rules nothing is decided. */
export function resolvePolicy(raw: RawPolicy, context: ResolveContext): PolicyManifest {
  const section = typeof raw === 'string' ? { directory: raw } : raw;
  const place = typeof raw === 'string' || raw.directory === undefined ? ['policy'] : ['policy', 'directory'];
  const files = findFiles(section.directory ?? 'policy', context, place);
  return { ...files, deciding: chooseEngine(section, context) };
}

function chooseEngine({ engine, shadow }: Exclude<RawPolicy, string>, context: ResolveContext): EngineChoice {
  if (engine === 'compiled') return { engine, shadow: shadow ?? STANDARD_SHADOW };
  if (shadow !== undefined)
    context.problem(['policy', 'shadow'], 'this compares the compiled engine; it stands beside `engine: compiled`');
  return CASBIN;
}

function findFiles(written: string, context: ResolveContext, place: ConfigPath): Omit<PolicyManifest, 'deciding'> {
  const directory = resolve(context.directory, written);
  const [rules, model] = [join(directory, 'policy.csv'), join(directory, 'model.conf')];
  const problem = (message: string): void => context.problem(place, message);
  const kind = context.probe.kind(directory);
  if (kind === undefined) problem(`there is no directory \`${written}\`: make it, with a \`policy.csv\` in it`);
  else if (kind !== 'directory') problem(`\`${written}\` is not a directory: name the one that holds \`policy.csv\``);
  if (kind !== 'directory') return { directory, rules, model: undefined };
  const [rulesKind, modelKind] = [context.probe.kind(rules), context.probe.kind(model)];
  if (rulesKind === undefined) problem(`there is no \`policy.csv\` in \`${written}\``);
  else if (rulesKind !== 'file') problem(`\`${join(written, 'policy.csv')}\` is not a file`);
  if (modelKind !== undefined && modelKind !== 'file') problem(`\`${join(written, 'model.conf')}\` is not a file`);
  return { directory, rules, model: modelKind === undefined ? undefined : model };
}
