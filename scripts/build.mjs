// Compiles host/ and src/ to dist/ for the installed command. A clone runs from source as well.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
if (!existsSync(compiler)) process.exit(0); // installed as a dependency: dist/ is in the package

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// A cell is a new thread for each run, and loading a hundred small files is a third of its start: they become one file and
// a chunk for each gate. Chunks lie in powers/, because drivers find the programs of their child processes beside themselves.
const { rolldown } = await import('rolldown');
const bundle = await rolldown({
  input: join(dist, 'host', 'cell-entry.js'),
  platform: 'node',
  external: [/^node:/, 'pg', 'libpg-query'],
});
await bundle.write({
  dir: join(dist, 'host'),
  format: 'esm',
  entryFileNames: 'cell-entry.js',
  chunkFileNames: 'powers/cell-[name].js',
});
await bundle.close();
