#!/usr/bin/env node
// Starts the command line on the pinned engine (the npm package `node`), whatever Node the machine has: the engine is
// part of the trusted base. `--no-experimental-ffi`: cells share this process, and foreign calls would leave every fence.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const FLAGS = ['--no-experimental-ffi', '--disable-warning=ExperimentalWarning'];

function engine() {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('node/package.json')), 'bin', 'node');
  } catch {
    return process.execPath;
  }
}

const node = engine();
const built = join(root, 'dist', 'src', 'cli', 'main.js');
const main = existsSync(built) ? built : join(root, 'src', 'cli', 'main.ts');
const args = [...FLAGS, main, ...process.argv.slice(2)];

if (typeof process.execve === 'function' && process.platform !== 'win32') {
  process.execve(node, [node, ...args], process.env);
}
const child = spawn(node, args, { stdio: 'inherit' });
// The terminal sends Ctrl-C to both; only the host knows how to end a run, so this process waits for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('error', (error) => {
  process.stderr.write(`sallyport: the engine cannot be started: ${error.message}\n`);
  process.exit(70);
});
child.once('exit', (code, signal) => process.exit(signal === null ? code : 70));
