import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HostError } from '../../host/index.ts';
import { expectSuccess, toolchainMissing, type Builder } from './builder.ts';
import { runComponentChild } from './component-process.ts';
import { describeRust, detectRust, findRust, RUST_TARGET, type RustTools } from './rust-toolchain.ts';
import { runCommand } from './subprocess.ts';

/**
 * Compiler flags that keep this machine's paths out of the component, so that the same sources give the same bytes
 * anywhere. They depend on the machine alone, not on the guest: other flags would build the standard library again.
 */
function remapFlags({ std, commit }: RustTools): string[] {
  const registry = join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'registry', 'src');
  const indexes = existsSync(registry) ? readdirSync(registry).sort() : [];
  return [
    ...indexes.map((index) => [join(registry, index), '/deps'] as const),
    ...(std === undefined ? [] : [[std.source, `/rustc/${commit ?? 'unknown'}`] as const]),
  ].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/** What cargo prints about each thing it made (`--message-format=json`). */
const Artifact = z.object({
  reason: z.literal('compiler-artifact'),
  manifest_path: z.string(),
  filenames: z.array(z.string()),
});

/** The core module that the guest's own package became. */
function moduleOf(messages: string, manifest: string): string {
  const files = messages.split('\n').flatMap((line) => {
    const parsed = line.startsWith('{') ? Artifact.safeParse(JSON.parse(line)) : undefined;
    return parsed?.success === true && parsed.data.manifest_path === manifest ? parsed.data.filenames : [];
  });
  const found = files.find((file) => file.endsWith('.wasm'));
  if (found === undefined) {
    throw new HostError('ERR_BUILD_FAILED', `\`${manifest}\` builds no WebAssembly module`, {
      hints: ['add to it: [lib]', '           crate-type = ["cdylib"]'],
    });
  }
  return found;
}

function buildEnvironment(tools: RustTools, targetDirectory: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    RUSTC: tools.rustc, // another rustc may come first on PATH
    RUSTUP_AUTO_INSTALL: '0',
    CARGO_TARGET_DIR: targetDirectory,
    CARGO_TERM_COLOR: 'never',
    CARGO_ENCODED_RUSTFLAGS: remapFlags(tools).join('\u001f'),
    ...(tools.std === undefined
      ? {}
      : {
          RUSTC_BOOTSTRAP: '1', // lets a stable cargo take -Z options
          CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: tools.std.linker,
        }),
  };
}

/** Builds a Rust guest: cargo to a core module, then the encoder, which finds the world where wit-bindgen left it. */
export const buildRust: Builder = async ({ directory, output, workDirectory, timeoutMs }) => {
  const tools = await findRust();
  if ('missing' in tools) throw toolchainMissing('Rust', await detectRust());
  const manifest = join(directory, 'Cargo.toml');
  const targetDirectory = join(workDirectory, 'rust-target');
  const run = (env: NodeJS.ProcessEnv, ...args: string[]): ReturnType<typeof runCommand> =>
    runCommand({ program: tools.cargo, args, directory, env, timeoutMs });

  // The registry's folders exist from here on. A failure shows again, with its reason, in the build.
  await run(buildEnvironment(tools, targetDirectory), 'fetch', '--manifest-path', manifest);
  const std = tools.std === undefined ? [] : ['-Zbuild-std=std,panic_abort'];
  const built = await run(
    buildEnvironment(tools, targetDirectory),
    ...['build', '--release', '--target', RUST_TARGET, '--manifest-path', manifest],
    ...['--message-format', 'json-render-diagnostics', ...std],
  );
  expectSuccess('cargo', built, timeoutMs);
  const core = moduleOf(built.stdout, manifest);
  const encoded = await runComponentChild({ kind: 'encode', core, output }, timeoutMs);
  expectSuccess('encoding the component', encoded, timeoutMs);
  return describeRust(tools);
};
