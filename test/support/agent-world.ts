import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A temporary folder with a configuration, a policy, and what the test puts there. */
export interface AgentWorld {
  readonly directory: string;
  /** Writes a file below the folder. */
  readonly write: (path: string, contents: string | Uint8Array) => string;
  /** Paths of the audit records, oldest first. */
  readonly records: () => string[];
  /** The records of the last run, parsed. */
  readonly lastRecords: () => Record<string, unknown>[];
  readonly remove: () => void;
}

/** Shared by all tests: it is addressed by content, and a component is prepared once. */
const cache = join(import.meta.dirname, '..', '..', 'build', 'test-cache');

/**
 * Makes a world. Rows are those of `policy.csv`; `configuration` is added to a minimal `sallyport.yaml`. Where it says
 * nothing of cells, they are threads: the test is about something else.
 */
export function makeAgentWorld(options: { configuration?: string; rows?: readonly string[] } = {}): AgentWorld {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-world-'));
  const write = (path: string, contents: string | Uint8Array): string => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents);
    return file;
  };
  const audit = join(directory, '.sallyport', 'audit');
  const records = (): string[] =>
    readdirSync(audit)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => join(audit, name));
  const configuration = options.configuration ?? 'version: 1\nagents: { tester: { component: agent.wasm } }\n';
  const cell = /\bcell:/.test(configuration) ? '' : 'cell: thread\n';
  write('sallyport.yaml', `${configuration}${cell}cache: { directory: ${cache} }\n`);
  write('policy/policy.csv', `${(options.rows ?? []).join('\n')}\n`);
  return {
    directory,
    write,
    records,
    lastRecords: () =>
      readFileSync(records().at(-1) ?? '', 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
