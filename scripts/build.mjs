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

// A cell is a new thread or process for each run, and loading a hundred small files is a third of its start: they become one
// file and a chunk for each gate. Chunks lie in powers/, because drivers find the programs of their child processes beside
// themselves; those of the process of a guest lie beside it: it may read nothing else.
const { rolldown } = await import('rolldown');

/**
 * An import of one of Node's own modules loads all that its exports lead to: `node:fs` takes longer than the rest of a
 * guest's process. Taken out of the module by name, there is nothing but what is used.
 */
const builtins = {
  name: 'builtins',
  renderChunk: (code) =>
    code.replace(/^import (?:\{ ([^}]+) \}|([\w$]+)) from "(node:[^"]+)";$/gm, (_, names, whole, from) => {
      const target = whole ?? `{ ${names.replaceAll(' as ', ': ')} }`;
      return `const ${target} = globalThis.process.getBuiltinModule("${from}");`;
    }),
};

/**
 * One character beyond Latin-1 makes the engine keep two bytes for each of a file, once in every thread. Escapes say the
 * same in texts and patterns, and nothing in comments. Raw templates and a backslash before such a character would not: they
 * are refused.
 */
const narrow = {
  name: 'narrow',
  generateBundle: (_, files) => {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk' || !/[^\0-\xff]/.test(file.code)) continue;
      if (/String\.raw\s*`[^`]*[^\0-\xff]|\\[^\0-\xff]/.test(file.code))
        throw new Error(`a character that cannot be escaped in ${file.fileName}`);
      file.code = file.code.replace(/[^\0-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
  },
};

/** Source is kept in every thread as well: without comments and layout. Names stay, so that a stack can be read. */
const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

/** Puts a program in the place of its entry file. */
async function bundle(directory, name, chunks) {
  const program = await rolldown({
    input: join(directory, name),
    platform: 'node',
    external: [/^node:/, 'pg', 'libpg-query'],
    plugins: [builtins, narrow],
  });
  await program.write({ dir: directory, format: 'esm', entryFileNames: name, chunkFileNames: chunks, minify });
  await program.close();
}

await bundle(join(dist, 'host'), 'cells/cell-entry.js', 'powers/cell-[name].js');
await bundle(join(dist, 'host', 'sandbox'), 'cell-process-child.js', 'cell-child-[name].js');
