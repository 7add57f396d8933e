import { HostError } from '../contracts/errors.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import type { DatabaseSettings, DbConfig } from '../gates/db/config.ts';
import type { ToolDeclaration } from '../gates/tool-exec/tool-declaration.ts';
import { LOADER_VARIABLE } from '../gates/tool-exec/process-tool.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { SecretsConfig } from './secret-section.ts';
import type { GateSettings } from './settings.ts';

/** Refuses secrets that are bound to what the configuration does not have. */
export function refuseMisplacedSecrets(file: string, { agents }: Manifest, settings: GateSettings): void {
  const { secrets, db, tools } = settings;
  const hints: string[] = [];
  for (const [name, secret] of secrets) {
    const problem = (text: string): void => void hints.push(`${file}: secrets.${name}: ${text}`);
    for (const agent of secret.agents ?? [])
      if (!agents.has(agent)) problem(`there is no agent \`${agent}\`${didYouMean(agent, agents.keys())}`);
    for (const database of secret.databases) {
      const text = databaseProblem(database, db);
      if (text !== undefined) problem(text);
    }
    for (const { tool, variable } of secret.tools) {
      const text = toolProblem(tool, variable, tools.tools);
      if (text !== undefined) problem(text);
    }
  }
  if (hints.length > 0)
    throw new HostError('ERR_CONFIG_INVALID', `\`${file}\` binds a secret to something that cannot take it`, { hints });
}

function databaseProblem(name: string, { databases }: DbConfig): string | undefined {
  const target = databases.get(name)?.target;
  if (target === undefined) return `there is no database \`${name}\`${didYouMean(name, databases.keys())}`;
  if (target.kind !== 'postgres') return `the database \`${name}\` is a file: it has no password`;
  if (target.password === undefined) return undefined;
  return `the database \`${name}\` names a password of its own: leave out \`password\`, or this use`;
}

function toolProblem(name: string, variable: string, tools: readonly ToolDeclaration[]): string | undefined {
  const tool = tools.find((known) => known.name === name);
  const names = tools.map((known) => known.name);
  if (tool === undefined) return `there is no tool \`${name}\`${didYouMean(name, names)}`;
  if (tool.kind !== 'process') return `the tool \`${name}\` is not a program: it has no variables`;
  if (LOADER_VARIABLE.test(variable)) return `\`${variable}\` makes programs load something else`;
  return tool.environment.some(([known]) => known === variable)
    ? `the tool \`${name}\` has a variable \`${variable}\` already`
    : undefined;
}

/** The databases, each with the secret that is bound to it as its password. */
export function withPasswords(db: DbConfig, secrets: SecretsConfig): DbConfig {
  const bound = new Map([...secrets].flatMap(([name, secret]) => secret.databases.map((database) => [database, name])));
  if (bound.size === 0) return db;
  const databases = [...db.databases].map(([name, settings]): [string, DatabaseSettings] => {
    const secret = bound.get(name);
    const { target } = settings;
    if (secret === undefined || target.kind !== 'postgres') return [name, settings];
    return [name, { ...settings, target: { ...target, password: { kind: 'secret', name: secret } } }];
  });
  return { databases: new Map(databases) };
}
