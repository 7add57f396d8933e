import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { HostError } from '../../host/index.ts';
import { expectSuccess, toolchainMissing, type Builder, type Toolchain } from './builder.ts';
import { packageVersion, runComponentChild } from './component-process.ts';

const PACKAGE = 'componentize-qjs';
const PINNED = '0.4.5';

/** Whether JavaScript guests can be built: one npm package, no compiler. */
export function detectJavaScript(): Toolchain {
  const version = packageVersion(PACKAGE);
  return {
    available: version !== undefined,
    detail: version === undefined ? `the npm package ${PACKAGE} is not installed` : `${PACKAGE} ${version}`,
    howToGet: `npm install --save-dev ${PACKAGE}@${PINNED}`,
  };
}

const Manifest = z.object({ main: z.string().optional() });

function mainOf(manifest: string): string | undefined {
  try {
    return Manifest.parse(JSON.parse(readFileSync(manifest, 'utf8'))).main;
  } catch (cause) {
    throw new HostError('ERR_BUILD_FAILED', `\`${manifest}\` cannot be read as a package manifest`, { cause });
  }
}

/** The module that exports `run`: `main` of the package, else `index.js`, else the only file. */
function entryOf(directory: string): string {
  const manifest = join(directory, 'package.json');
  const main = existsSync(manifest) ? mainOf(manifest) : undefined;
  if (main !== undefined) {
    const entry = resolve(directory, main);
    if (relative(directory, entry).startsWith('..') || !existsSync(entry)) {
      throw new HostError('ERR_BUILD_FAILED', `\`main\` of \`${manifest}\` names no file of the guest: \`${main}\``);
    }
    return entry;
  }
  const sources = readdirSync(directory).filter((name) => /\.m?js$/.test(name));
  const entry = sources.find((name) => name === 'index.js') ?? (sources.length === 1 ? sources[0] : undefined);
  if (entry === undefined) {
    const what = sources.length === 0 ? 'no JavaScript file' : `${sources.length} JavaScript files and no \`index.js\``;
    throw new HostError('ERR_BUILD_FAILED', `\`${directory}\` has ${what}`, {
      hints: ['name the module that exports `run` in `main` of a `package.json`, or call it `index.js`'],
    });
  }
  return join(directory, entry);
}

/** Builds a JavaScript guest: QuickJS and the guest's modules, as they are after their top level has run. */
export const buildJavaScript: Builder = async ({ directory, output, witDirectory, timeoutMs }) => {
  const toolchain = detectJavaScript();
  if (!toolchain.available) throw toolchainMissing('JavaScript', toolchain);
  const entry = entryOf(directory);
  const result = await runComponentChild({ kind: 'javascript', entry, directory, witDirectory, output }, timeoutMs);
  expectSuccess(PACKAGE, result, timeoutMs);
  return toolchain.detail;
};
