import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, expect, it } from 'vitest';
import { importedFunctions, type ImportedFunctions } from '../../host/sandbox/component-types.ts';
import { PREVIEW1_NEEDS } from '../../host/sandbox/preview1/needs.ts';
import { PREVIEW1_SIGNATURES } from '../../host/sandbox/preview1/signatures.ts';

const root = join(import.meta.dirname, '..', '..');
const PACKAGE = /^package ([a-z:-]+)(@[0-9.]+)?;$/m;

/** A package as it may stand behind another one in the same text, and the imports of everything in it. */
function nested(...files: readonly string[]): { readonly text: string; readonly imports: string[] } {
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const [header, name = '', version = ''] = PACKAGE.exec(source) ?? [];
  const interfaces = [...source.matchAll(/^interface ([a-z-]+)/gm)].map(([, own = '']) => `${name}/${own}${version}`);
  return { text: `package ${name}${version} {\n${source.replace(header ?? '', '')}\n}`, imports: interfaces };
}

/** All that a component can import, as one that imports it has it. */
async function everything(): Promise<ImportedFunctions> {
  const wit = join(root, 'wit');
  const wasi = join(root, 'test', 'wasi', 'wit', 'deps');
  const agent = ['world.wit', ...readdirSync(wit).filter((name) => name !== 'world.wit')].map((name) =>
    join(wit, name),
  );
  const packages = [nested(...agent), ...readdirSync(wasi).map((name) => nested(join(wasi, name)))];
  const imports = packages.flatMap((each) => each.imports).map((name) => `import ${name};`);
  const witSource = [
    `package test:all;\nworld all {\n${imports.join('\n')}\n}`,
    ...packages.map(({ text }) => text),
  ].join('\n');
  const module = await componentEmbed({ dummy: true, witSource, world: 'all', features: { tag: 'all' } });
  return importedFunctions(await componentNew(module, []));
}

let all: ImportedFunctions;
beforeAll(async () => {
  all = await everything();
});

it('knows the type of every function of the contract and of WASI', async () => {
  const lines = [...all.types]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => `  ['${name}', '${digest}'],`);
  const file = `/*
 * Generated. After a change of \`wit/\`: npx vitest run test/sandbox/contract-types.test.ts -u
 */
import type { FunctionTypes } from './component-types.ts';

/** The type of every function that a component may import: see \`component-types.ts\`. */
export const CONTRACT_TYPES: FunctionTypes = new Map([
${lines.join('\n')}
]);
`;
  await expect(file).toMatchFileSnapshot(join(root, 'host', 'sandbox', 'contract-types.ts'));
});

it('knows the signatures of what stands behind preview 1', () => {
  const needed = [...PREVIEW1_NEEDS.values()].flat().flatMap((need) => need.functions.map((name) => `${need.interface}#${name}`)); // prettier-ignore
  expect(new Set(PREVIEW1_SIGNATURES.keys())).toEqual(new Set(needed));
  for (const [name, signature] of PREVIEW1_SIGNATURES) expect(signature, name).toEqual(all.signatures.get(name));
});
