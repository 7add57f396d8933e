import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { componentize } from 'componentize-qjs';
import type { HostImports } from '../../host/contracts/guest-import.ts';
import { WASI_INTERFACES } from '../../host/wasi/interfaces.ts';

type Instantiate = (
  getCoreModule: (name: string) => Promise<WebAssembly.Module>,
  imports: Record<string, unknown>,
) => Promise<{ run: (input: string) => Promise<string> }>;

/** A guest that was built and can be instantiated. */
export interface BuiltGuest {
  instantiate(imports: HostImports): ReturnType<Instantiate>;
  remove(): void;
}

/** The version of WASI that the toolchain links. */
const WASI_VERSION = '0.2.12';

/** The functions of the table that wait, as the transpiler names them. */
const waiting = WASI_INTERFACES.flatMap(({ name, functions }) =>
  functions.filter(({ waits }) => waits).map((entry) => `${name}@${WASI_VERSION}#${entry.name}`),
);

/** Builds the probe with its own imports of WASI, and the runtime's. */
export async function buildProbe(): Promise<BuiltGuest> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-probe-'));
  const jsPath = fileURLToPath(new URL('probe.mjs', import.meta.url));
  const { component } = await componentize({
    witPath: fileURLToPath(new URL('wit', import.meta.url)),
    world: 'probe',
    jsSource: readFileSync(jsPath, 'utf8'),
    jsPath,
    sync: true,
    stubWasi: false,
  });
  const { files } = await transpileBytes(component, {
    name: 'component',
    instantiation: 'async',
    base64Cutoff: 0,
    emitTypescriptDeclarations: false,
    asyncMode: 'jspi',
    asyncImports: waiting,
    asyncExports: ['run'],
  });
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), contents);
  const glue = (await import(pathToFileURL(join(folder, 'component.js')).href)) as { instantiate: Instantiate };
  return {
    instantiate: (imports) =>
      glue.instantiate((name) => WebAssembly.compile(readFileSync(join(folder, name))), Object.fromEntries(imports)),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
