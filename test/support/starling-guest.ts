import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Toolchain from '@bytecodealliance/componentize-js';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..', '..');
const built = join(root, 'build', 'guests');
const wit = join(root, 'wit');

const AHEAD_OF_TIME = '@bytecodealliance/weval';
const NOTHING = 'data:text/javascript,export default () => { throw new Error("not used") };';

/**
 * The toolchain without its compiler ahead of time, which is not used: that one needs a native package, and npm leaves it
 * out where it runs on an older Node than the tests do.
 */
async function toolchain(): Promise<typeof Toolchain> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === AHEAD_OF_TIME ? { url: NOTHING, shortCircuit: true } : next(specifier, context),
  });
  try {
    return await import('@bytecodealliance/componentize-js');
  } finally {
    hooks.deregister();
  }
}

/** The contract as one text: the toolchain does not find WIT by path. */
function contractText(): string {
  const texts = readdirSync(wit)
    .sort()
    .map((file) => readFileSync(join(wit, file), 'utf8'));
  const header = texts.map((text) => /^package [^;]*;$/m.exec(text)?.[0]).find((found) => found !== undefined) ?? '';
  return [header, ...texts.map((text) => text.replace(/^package [^;]*;$/m, ''))].join('\n');
}

/** WIT packages as one text: the header of a package becomes a block. */
export const nestedPackages = (texts: readonly string[]): string =>
  texts.map((text) => `${text.replace(/^package ([^;]*);$/m, 'package $1 {')}\n}`).join('\n');

/** A world, and what the engine may import besides it. */
export interface StarlingWorld {
  /** The whole WIT as one text. */
  readonly wit: string;
  readonly world: string;
  readonly features: readonly Feature[];
}

type Feature = (typeof FEATURES)[number];
const FEATURES = ['stdio', 'random', 'clocks', 'http', 'fetch-event'] as const;

/**
 * A JavaScript guest on StarlingMonkey (SpiderMonkey) instead of QuickJS, built unless the same text was built before.
 * `entry` is the module that exports `run`. It is an agent without a feature of the engine unless `given` says more.
 */
export async function starlingGuest(entry: string, given?: StarlingWorld): Promise<string> {
  const bundle = await rolldown({ input: entry, external: /^(?:sallyport|wasi):/ });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  const source = output[0].code;
  const { wit: contract, world, features } = given ?? { wit: contractText(), world: 'agent', features: [] };
  const kept = features.join();
  const digest = createHash('sha256').update(source).update(contract).update(kept).digest('hex').slice(0, 16);
  const path = join(built, `starling-${digest}.wasm`);
  if (existsSync(path)) return path;
  mkdirSync(built, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-starling-'));
  const sourcePath = join(directory, 'agent.js');
  writeFileSync(sourcePath, source);
  const options = {
    sourcePath,
    witWorld: contract, // read by the toolchain, and missing in its types
    worldName: world,
    disableFeatures: FEATURES.filter((feature) => !features.includes(feature)),
  };
  const tool = await toolchain();
  const { component } = await tool
    .componentize(options)
    .finally(() => rmSync(directory, { recursive: true, force: true }));
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, component);
  renameSync(temporary, path); // another worker may be reading
  return path;
}
