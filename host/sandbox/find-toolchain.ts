import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HostError } from '../contracts/errors.ts';
import type { Toolchain } from './prepare-job.ts';
import { TRANSPILER } from './transpiler-version.ts';

/** The transpiler, and the folder of packages that it may read. */
export interface FoundToolchain {
  readonly toolchain: Toolchain;
  readonly folder: string;
}

/** Finds the transpiler. It is an optional dependency: running prepared agents needs none, nor do core modules. */
export function findToolchain(): FoundToolchain {
  const hints = [`npm install --save-optional ${TRANSPILER.package}@${TRANSPILER.version}`];
  const { resolve } = createRequire(import.meta.url);
  let entry: string;
  let toolchain: Toolchain;
  try {
    entry = resolve(`${TRANSPILER.package}/component`);
    const wasmTools = resolve(`${TRANSPILER.package}/wasm-tools`);
    toolchain = { bindgen: pathToFileURL(entry).href, wasmTools: pathToFileURL(wasmTools).href };
  } catch (cause) {
    const message = `preparing a component needs the package \`${TRANSPILER.package}\``;
    throw new HostError('ERR_TOOLCHAIN_MISSING', message, { hints, cause });
  }
  const found = versionAbove(entry);
  if (found !== TRANSPILER.version) {
    const message = `preparing needs version ${TRANSPILER.version} of \`${TRANSPILER.package}\`; installed is ${found ?? 'an unknown one'}`;
    throw new HostError('ERR_TOOLCHAIN_MISSING', message, { hints });
  }
  const marker = `${sep}node_modules${sep}`;
  const at = entry.indexOf(marker);
  return { toolchain, folder: at === -1 ? dirname(dirname(entry)) : entry.slice(0, at + marker.length - 1) };
}

function versionAbove(entry: string): string | undefined {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest) || !('version' in manifest))
      continue;
    if (manifest.name === TRANSPILER.package) return String(manifest.version);
  }
  return undefined;
}
