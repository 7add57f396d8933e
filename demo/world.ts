import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Where a demonstration's world is. */
export interface World {
  /** Path of its `sallyport.yaml`. */
  readonly configuration: string;
  readonly auditDirectory: string;
  readonly workspace: string;
  readonly logs: string;
  readonly database: string;
  /** What the triage agent is given. */
  readonly input: string;
}

/** The address that the policy in `policies/triage` names. */
const WRITTEN_API = 'http://127.0.0.1:8787';

/**
 * Makes the world of the triage agent from the data files of this folder: a workspace with runbooks and a secret, a log, a
 * database, and copies of configuration and policy. `api` is where the ticket system listens.
 */
export function makeWorld({ directory, api }: { readonly directory: string; readonly api: string }): World {
  const sources = join(import.meta.dirname, 'world');
  const [workspace, logs, policy] = [join(directory, 'workspace'), join(directory, 'logs'), join(directory, 'policy')];
  for (const folder of [workspace, policy]) mkdirSync(folder, { recursive: true });
  cpSync(join(sources, 'runbooks'), join(workspace, 'runbooks'), { recursive: true });
  cpSync(join(sources, 'logs'), logs, { recursive: true });
  copyFileSync(join(sources, 'env.example'), join(workspace, '.env'));
  const database = join(directory, 'customers.sqlite');
  const connection = new DatabaseSync(database);
  connection.exec(readFileSync(join(sources, 'customers.sql'), 'utf8'));
  connection.close();
  const configuration = join(directory, 'sallyport.yaml');
  copyFileSync(join(import.meta.dirname, 'sallyport.yaml'), configuration);
  const rules = readFileSync(join(import.meta.dirname, '..', 'policies', 'triage', 'policy.csv'), 'utf8');
  writeFileSync(join(policy, 'policy.csv'), rules.replaceAll(WRITTEN_API, api));
  return {
    configuration,
    auditDirectory: join(directory, 'audit'),
    workspace,
    logs,
    database,
    input: JSON.stringify({ api }),
  };
}
