import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ChildJob } from './component-child.ts';
import { runCommand, type CommandResult } from './subprocess.ts';

/** The child stands beside this file, compiled or not. */
function childPath(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), `component-child${extname(here)}`);
}

/** Runs one job of the component child. Its environment is empty: guests' top-level code has no business with ours. */
export function runComponentChild(job: ChildJob, timeoutMs: number): Promise<CommandResult> {
  const args = ['--no-warnings', childPath(), JSON.stringify(job)];
  return runCommand({ program: process.execPath, args, directory: dirname(childPath()), env: {}, timeoutMs });
}

const Manifest = z.object({ name: z.string(), version: z.string() });

/** The version of an installed npm package; `undefined` if it is not installed. */
export function packageVersion(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return Manifest.parse(require(join(folder, name, 'package.json'))).version;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
