import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClock } from '../../host/powers/clock.ts';
import { createRandom } from '../../host/powers/random.ts';
import { createWasi } from '../../host/wasi/virtual-wasi.ts';

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Readonly<Record<string, unknown>>,
) => Promise<{ run(input: string): string }>;

/** The host's own WASI, with a clock and random bytes of this process. Components of this test are trusted. */
function virtualWasi(): Record<string, unknown> {
  const wasi = createWasi({
    clock: createClock(),
    random: createRandom(),
    surroundings: () => ({ arguments: [], environment: [], stdin: new Uint8Array() }),
    pollables: 1024,
    outputBytes: 1 << 20,
    randomBytes: 1 << 20,
    output: () => undefined,
    sleep: () => Promise.resolve(),
    deny: () => ({ decision: '', reason: 'not-served', hint: '', retryAfterMs: undefined }),
    exit: () => {
      throw new Error('the guest ended itself');
    },
    trap: (message) => {
      throw new Error(message);
    },
  });
  return Object.fromEntries(wasi);
}

/** Runs a component once in this process, with these imports and WASI. */
export async function runComponent(
  path: string,
  imports: Readonly<Record<string, unknown>>,
  input: string,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-component-'));
  try {
    const { files } = await transpileBytes(new Uint8Array(readFileSync(path)), {
      name: 'component',
      instantiation: 'async',
      base64Cutoff: 0,
      emitTypescriptDeclarations: false,
    });
    for (const [name, contents] of Object.entries(files)) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, contents);
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const glue = pathToFileURL(join(folder, 'component.js')).href;
    const { instantiate } = (await import(glue)) as { instantiate: Instantiate }; // what the transpiler generates
    const core = (name: string): WebAssembly.Module => new WebAssembly.Module(readFileSync(join(folder, name)));
    const instance = await instantiate(core, { ...virtualWasi(), ...imports });
    return instance.run(input);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
