import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expectComponent, type Builder } from './builder.ts';
import { buildJavaScript } from './javascript.ts';
import { languageOf, type GuestLanguage } from './language.ts';
import { defaultWitDirectory, defaultWorkDirectory } from './layout.ts';
import { buildPython } from './python.ts';
import { buildRust } from './rust.ts';

/** What to build, and where to put it. */
export interface GuestBuild {
  /** Told from the folder if absent. */
  readonly language?: GuestLanguage;
  /** The folder of the guest. */
  readonly directory: string;
  /** The file of the component. It is replaced in one step, and only by a component. */
  readonly output: string;
  /** The contract; the one of this package if absent. */
  readonly witDirectory?: string;
  /** Where builds keep what they can use again: a Rust target folder, a Python environment. */
  readonly workDirectory?: string;
  /** The longest that any one step may take; 15 minutes if absent: a first Rust build makes the standard library. */
  readonly timeoutMs?: number;
}

/** A guest that has been built. */
export interface BuiltGuest {
  /** Size of the component. */
  readonly bytes: number;
  /** How long it took. */
  readonly ms: number;
  /** What built it, with version. */
  readonly toolchain: string;
}

const BUILDERS: Readonly<Record<GuestLanguage, Builder>> = {
  js: buildJavaScript,
  rust: buildRust,
  python: buildPython,
};

/** Builds a guest into a component. Throws `HostError` `ERR_TOOLCHAIN_MISSING` or `ERR_BUILD_FAILED`. */
export async function buildGuest(build: GuestBuild): Promise<BuiltGuest> {
  const started = performance.now();
  const [directory, output] = [resolve(build.directory), resolve(build.output)];
  const language = build.language ?? languageOf(directory);
  const scratchDirectory = mkdtempSync(join(tmpdir(), 'sallyport-build-'));
  const unfinished = `${output}.${process.pid}.part`;
  try {
    mkdirSync(dirname(output), { recursive: true });
    const toolchain = await BUILDERS[language]({
      directory,
      output: unfinished,
      witDirectory: resolve(build.witDirectory ?? defaultWitDirectory()),
      workDirectory: resolve(build.workDirectory ?? defaultWorkDirectory()),
      scratchDirectory,
      timeoutMs: build.timeoutMs ?? 15 * 60_000,
    });
    const bytes = expectComponent(unfinished);
    renameSync(unfinished, output);
    return { bytes, ms: Math.round(performance.now() - started), toolchain };
  } finally {
    rmSync(unfinished, { force: true });
    rmSync(scratchDirectory, { recursive: true, force: true });
  }
}
