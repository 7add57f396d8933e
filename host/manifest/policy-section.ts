import { join, resolve } from 'node:path';
import type { ResolveContext } from '../contracts/gate-config.ts';

/** The files of the policy set. */
export interface PolicyManifest {
  readonly directory: string;
  readonly rules: string;
  /** Where the set brings its own. */
  readonly model: string | undefined;
}

/** Finds the files of the policy set. It must be there: without rules nothing is decided. */
export function resolvePolicy(written: string, context: ResolveContext): PolicyManifest {
  const directory = resolve(context.directory, written);
  const [rules, model] = [join(directory, 'policy.csv'), join(directory, 'model.conf')];
  const problem = (message: string): void => context.problem(['policy'], message);
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
