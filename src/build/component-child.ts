/**
 * The part of a build that runs other people's code in-process: the JavaScript engine that executes a guest's top level,
 * and the encoder that turns a core module into a component. A process of its own, so that it can be ended.
 */
import { readFile, writeFile } from 'node:fs/promises';

/** What the parent asks for, as JSON in the first argument. */
export type ChildJob =
  | {
      readonly kind: 'javascript';
      readonly entry: string;
      readonly directory: string;
      readonly witDirectory: string;
      readonly output: string;
    }
  | { readonly kind: 'encode'; readonly core: string; readonly output: string };

async function javascript({
  entry,
  directory,
  witDirectory,
  output,
}: ChildJob & { kind: 'javascript' }): Promise<void> {
  const { componentize } = await import('componentize-qjs');
  const { component } = await componentize({
    witPath: witDirectory,
    world: 'agent',
    jsSource: await readFile(entry, 'utf8'),
    jsPath: entry,
    moduleRoot: directory,
    sync: true, // plain calls in the guest: the host decides whether to wait
    stubWasi: true, // no import but those of the contract
    optSize: true,
  });
  await writeFile(output, component);
}

async function encode({ core, output }: ChildJob & { kind: 'encode' }): Promise<void> {
  const { componentNew } = await import('@bytecodealliance/jco-transpile/wasm-tools');
  await writeFile(output, await componentNew(new Uint8Array(await readFile(core)), []));
}

try {
  // The parent is this package and writes nothing else.
  const job = JSON.parse(process.argv[2] ?? '') as ChildJob;
  await (job.kind === 'javascript' ? javascript(job) : encode(job));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
