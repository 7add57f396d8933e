import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Toolchain } from './builder.ts';
import { runCommand } from './subprocess.ts';
import { findProgram, programFolders } from './tool-search.ts';

/** Guests need no WASI: the target without an operating system keeps their import list to the contract. */
export const RUST_TARGET = 'wasm32-unknown-unknown';

const HOW_TO_GET = [
  `rustup target add ${RUST_TARGET}`,
  'or, on Debian 12: apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src lld-22',
].join('\n');

/** A Rust toolchain that can build for the target. */
export interface RustTools {
  readonly rustc: string;
  readonly cargo: string;
  readonly version: string;
  /** Where the sources of the standard library are, if it is to be built from them; `undefined` if it is ready. */
  readonly std: { readonly source: string; readonly linker: string } | undefined;
  readonly commit: string | undefined;
}

/** What a compiler answers to one question; `undefined` if it does not answer. */
async function ask(rustc: string, ...args: string[]): Promise<string | undefined> {
  const env = { ...process.env, RUSTUP_AUTO_INSTALL: '0' }; // a question must not download anything
  const { code, stdout } = await runCommand({ program: rustc, args, directory: homedir(), env, timeoutMs: 20_000 });
  return code === 0 ? stdout.trim() : undefined;
}

const holdsStd = (folder: string | undefined): boolean =>
  folder !== undefined && existsSync(folder) && readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name));

/** A linker for WebAssembly: that of Debian's lld, or of a rustup toolchain. Both give the same bytes. */
async function findLinker(compilers: readonly string[]): Promise<string | undefined> {
  const folders = programFolders();
  for (const name of ['wasm-ld-22', 'wasm-ld', 'wasm-ld-21', 'wasm-ld-20', 'wasm-ld-19', 'rust-lld']) {
    const found = findProgram(name, folders);
    if (found !== undefined) return found;
  }
  for (const rustc of compilers) {
    const libraries = await ask(rustc, '--print', 'target-libdir'); // lib/rustlib/HOST/lib
    const linker = libraries === undefined ? undefined : join(dirname(libraries), 'bin', 'rust-lld');
    if (linker !== undefined && existsSync(linker)) return linker;
  }
  return undefined;
}

async function describe(rustc: string, cargo: string, std: RustTools['std']): Promise<RustTools> {
  const verbose = (await ask(rustc, '-vV')) ?? '';
  const commit = /^commit-hash: ([0-9a-f]+)$/m.exec(verbose)?.[1];
  return { rustc, cargo, version: /^release: (\S+)$/m.exec(verbose)?.[1] ?? 'unknown', std, commit };
}

/** The first toolchain with a ready standard library, else the first with its sources. */
export async function findRust(): Promise<RustTools | { readonly missing: string }> {
  const pairs = programFolders()
    .map((folder) => ({ rustc: findProgram('rustc', [folder]), cargo: findProgram('cargo', [folder]) }))
    .flatMap(({ rustc, cargo }) => (rustc === undefined || cargo === undefined ? [] : [{ rustc, cargo }]));
  if (pairs.length === 0) return { missing: 'no rustc and cargo' };
  if (findProgram('cc') === undefined) return { missing: 'no `cc`, which macros are linked with' };
  for (const { rustc, cargo } of pairs) {
    if (holdsStd(await ask(rustc, '--print', 'target-libdir', '--target', RUST_TARGET)))
      return describe(rustc, cargo, undefined);
  }
  for (const { rustc, cargo } of pairs) {
    const sysroot = await ask(rustc, '--print', 'sysroot');
    const source = sysroot === undefined ? undefined : join(sysroot, 'lib', 'rustlib', 'src', 'rust');
    if (source === undefined || !existsSync(join(source, 'library', 'Cargo.lock'))) continue;
    const linker = await findLinker(pairs.map((pair) => pair.rustc));
    if (linker === undefined) return { missing: 'no linker for WebAssembly' };
    return describe(rustc, cargo, { source, linker });
  }
  return { missing: `no standard library for ${RUST_TARGET}, and no sources to build it from` };
}

export const describeRust = ({ version, std }: RustTools): string =>
  `rustc ${version}, ${std === undefined ? 'ready std' : 'std from source'}`;

/** Whether Rust guests can be built. */
export async function detectRust(): Promise<Toolchain> {
  const tools = await findRust();
  return 'missing' in tools
    ? { available: false, detail: tools.missing, howToGet: HOW_TO_GET }
    : { available: true, detail: describeRust(tools), howToGet: HOW_TO_GET };
}
