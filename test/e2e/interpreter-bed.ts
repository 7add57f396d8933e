import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { verifyAudit, type RunResult } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';

/** Interpreters as their projects build them for WASI preview 1, from a package of them that cannot be resolved as CommonJS. */
const FOLDER = join(import.meta.dirname, '..', '..', 'node_modules', '@runno', 'sandbox', 'dist', 'langs');
export const interpreter = (name: string): string => join(FOLDER, name);

const PYTHON = interpreter('python-3.11.3.wasm');

/** Unpacks the library of Python as the package has it. Whoever asks removes the folder. */
export function unpackLibrary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-library-'));
  execFileSync('tar', ['-xzf', interpreter('python-3.11.3.tar.gz'), '-C', folder]);
  return folder;
}

export interface BedOptions {
  readonly library?: string;
  readonly limits?: string;
  /** Where the mount is: `/work` without it. */
  readonly at?: string;
  /** More of the mount. */
  readonly mount?: string;
  readonly rows?: readonly string[];
  /** More of the configuration. */
  readonly more?: string;
}

const ROWS = [
  'p, role:any, fs:*, /work, -, allow, -',
  'p, role:any, fs:*, /work/**, -, allow, -',
  'p, role:any, fs:*, /work/private/**, -, deny, -',
];
const LIBRARY_ROWS = ['fs:read', 'fs:list', 'fs:stat'].flatMap((action) =>
  ['/python', '/python/**'].map((path) => `p, role:any, ${action}, ${path}, -, allow, -`),
);

/** A folder with `/work` and a policy for it, in which `sallyport run` starts interpreters as they are. */
export function makeInterpreterBed({
  library,
  at = '/work',
  limits = 'wall: 60s',
  mount = '',
  rows = ROWS,
  more = '',
}: BedOptions = {}) {
  const configuration = `version: 1
limits: { ${limits} }
agents:
  python: { component: ${PYTHON}${library === undefined ? '' : ', env: { PYTHONHOME: /python }'} }
  ruby: { component: ${interpreter('ruby-3.2.0.wasm')} }
  php: { component: ${interpreter('php-cgi-8.2.0.wasm')} }
mounts:
  ${at}: { directory: shared, access: rw${mount} }
${library === undefined ? '' : `  /python: { directory: ${join(library, 'usr', 'local')} }\n`}${more}
`;
  const world = makeAgentWorld({ configuration, rows: library === undefined ? rows : [...rows, ...LIBRARY_ROWS] });
  world.write('shared/private/key', 'secret');
  world.write('outside/secret', 'outside');
  mkdirSync(join(world.directory, 'shared', 'empty'));
  return {
    world,
    python: (script: string) => run(world, 'python', ['-c', script]),
    ruby: (script: string) => run(world, 'ruby', ['-e', script]),
    php: async (script: string) => {
      world.write('shared/index.php', `<?php\n${script}`);
      return run(world, 'php', ['-q', '/work/index.php']);
    },
  };
}

export type InterpreterBed = ReturnType<typeof makeInterpreterBed>;

/** The result of a run, with what was denied as the record has it. */
export interface Interpreted {
  readonly result: RunResult;
  readonly denied: readonly string[];
  /** The exit code of the command line. */
  readonly code: number | null;
}

async function run(world: AgentWorld, agent: string, args: readonly string[]): Promise<Interpreted> {
  const { code, stdout } = await command(['run', '--agent', agent, '--json', '--', ...args], { cwd: world.directory });
  const result = JSON.parse(stdout) as RunResult;
  const location = { directory: world.directory, workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  const denied = world
    .lastRecords()
    .filter(({ type }) => type === 'effect.denied')
    .map(({ action, resource }) => `${String(action)} ${String(resource)}`);
  return { result, denied, code };
}
