import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HostError } from '../../host/index.ts';
import { expectSuccess, toolchainMissing, type Builder, type Toolchain } from './builder.ts';
import { runCommand } from './subprocess.ts';
import { findProgram, programFolders } from './tool-search.ts';

const PROGRAM = 'componentize-py';
const PINNED = '0.25.1';

/** The environment that `scripts/setup-toolchains.sh` makes, then PATH. */
const findBuilder = (workDirectory: string): string | undefined =>
  findProgram(PROGRAM, [join(workDirectory, 'python-venv', 'bin'), ...programFolders()]);

/** Whether Python guests can be built: one program from pip, the interpreter is inside it. */
export async function detectPython(workDirectory: string): Promise<Toolchain> {
  const howToGet = `python3 -m venv build/python-venv && build/python-venv/bin/pip install ${PROGRAM}==${PINNED}`;
  const program = findBuilder(workDirectory);
  if (program === undefined) return { available: false, detail: `no ${PROGRAM}`, howToGet };
  const command = { program, args: ['--version'], directory: '/', env: process.env, timeoutMs: 20_000 };
  const { code, stdout } = await runCommand(command);
  return code === 0
    ? { available: true, detail: stdout.trim(), howToGet }
    : { available: false, detail: `\`${program}\` does not start`, howToGet };
}

/** The module with the class `WitWorld`: `app.py`, else the only file. */
function moduleOf(directory: string): string {
  const sources = readdirSync(directory).filter((name) => name.endsWith('.py'));
  const found = sources.find((name) => name === 'app.py') ?? (sources.length === 1 ? sources[0] : undefined);
  if (found !== undefined) return basename(found, '.py');
  throw new HostError('ERR_BUILD_FAILED', `\`${directory}\` has ${sources.length} Python files and no \`app.py\``, {
    hints: ['put the class `WitWorld` into `app.py`'],
  });
}

/** Copies of the app and of its packages: the builder executes their top level with the folders open for writing. */
function stage(directory: string, scratch: string): { app: string; packages: string } {
  const [app, packages] = [join(scratch, 'app'), join(scratch, 'deps')];
  const wanted = (path: string): boolean => !['__pycache__', 'deps', 'node_modules'].includes(basename(path));
  cpSync(directory, app, { recursive: true, filter: (path) => path === directory || wanted(path) });
  if (existsSync(join(directory, 'deps'))) cpSync(join(directory, 'deps'), packages, { recursive: true });
  else mkdirSync(packages);
  return { app, packages };
}

/** Builds a Python guest: CPython and the guest's modules, as they are after their top level has run. */
export const buildPython: Builder = async ({
  directory,
  output,
  witDirectory,
  workDirectory,
  scratchDirectory,
  timeoutMs,
}) => {
  const toolchain = await detectPython(workDirectory);
  const program = findBuilder(workDirectory);
  if (!toolchain.available || program === undefined) throw toolchainMissing('Python', toolchain);
  const module = moduleOf(directory);
  const { app, packages } = stage(directory, scratchDirectory);
  const args = [
    ...['--quiet', '--wit-path', witDirectory, '--world', 'agent'],
    ...['componentize', module, '--python-path', app, '--python-path', packages, '--output', output],
  ];
  // Without it the builder takes this machine's own packages into the component; a folder that does not exist stops that.
  const env = { ...process.env, VIRTUAL_ENV: join(scratchDirectory, 'none') };
  expectSuccess(PROGRAM, await runCommand({ program, args, directory: scratchDirectory, env, timeoutMs }), timeoutMs);
  return toolchain.detail;
};
