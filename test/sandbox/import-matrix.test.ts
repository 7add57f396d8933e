import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, describe, expect, it } from 'vitest';
import { importMatrix, refusedInterfaces } from '../../host/index.ts';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import { prepareComponent } from '../../host/sandbox/prepare.ts';

const root = join(import.meta.dirname, '..', '..');
const cacheDirectory = mkdtempSync(join(tmpdir(), 'sallyport-matrix-'));
afterAll(() => rmSync(cacheDirectory, { recursive: true, force: true }));

const WASI = '0.2.4';
const texts = [join(root, 'test', 'wasi', 'wit', 'deps'), join(root, 'wit')].map((folder) =>
  readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8')),
);

/** A package whose text stands in one file or in several, as one that is nested in another document. */
function nested(files: readonly string[]): string {
  const header = /^package ([^;]+);$/m;
  const name = files.map((text) => header.exec(text)?.[1]).find((found) => found !== undefined) ?? '';
  return `package ${name} {\n${files.map((text) => text.replace(header, '')).join('\n')}\n}`;
}

const [wasi = [], agent = []] = texts;
const packages = [...wasi.map((text) => nested([text])), nested(agent)].join('\n');

/** A component that imports and can call every function of some interfaces, made from their WIT alone. */
async function callerOf(imports: readonly string[]): Promise<Uint8Array> {
  const list = imports.map((name) => `  import ${name};`).join('\n');
  const witSource = `package test:walk;\nworld walk {\n${list}\n  export run: func(input: string) -> result<string, string>;\n}\n${packages}`;
  const features = { tag: 'list' as const, val: ['cli-exit-with-code', 'network-error-code'] };
  return componentNew(await componentEmbed({ dummy: true, witSource, world: 'walk', features }), []);
}

const prepare = (source: Uint8Array): Promise<Artefact> =>
  prepareComponent({
    source,
    cacheDirectory,
    served: importMatrix(),
    refused: refusedInterfaces(),
    limits: { memoryBytes: 16 << 20 },
  });

const matrix = importMatrix();
const packageNames = [...new Set(matrix.map(({ name }) => name.replace(/\/.*/, '')))];

describe('the import matrix, walked by components that call all of it', () => {
  it.each(packageNames)('serves each function of %s, and the component can call no other', async (packageName) => {
    const rows = matrix.filter(({ name }) => name.startsWith(`${packageName}/`));
    const version = packageName === 'sallyport:agent' ? '0.1.0' : WASI;
    const { imports } = await prepare(await callerOf(rows.map(({ name }) => `${name}@${version}`)));
    for (const { name, functions } of rows) {
      expect.soft([...(imports[name]?.functions ?? [])].sort(), name).toEqual(functions.map((f) => f.name).sort());
      const waiting = functions.filter(({ waits }) => waits).map((f) => f.name);
      expect.soft([...(imports[name]?.waits ?? [])].sort(), `${name} waits`).toEqual(waiting.sort());
    }
    for (const name of Object.keys(imports)) expect(matrix.map((row) => row.name)).toContain(name);
  });

  it('says of each interface what stands behind it', () => {
    for (const { servedBy } of matrix) expect(servedBy).not.toBe('');
    expect(new Set(matrix.map(({ name }) => name)).size).toBe(matrix.length);
  });
});

/** A component that imports one interface with one function, of any package. */
async function foreign(interfaceName: string, version: string): Promise<Uint8Array> {
  const [packageName = '', name = ''] = interfaceName.split('/');
  const witSource = `package test:walk;
world walk {
  import ${interfaceName}@${version};
  export run: func(input: string) -> result<string, string>;
}
package ${packageName}@${version} { interface ${name} { ask: func() -> u32; } }`;
  return componentNew(await componentEmbed({ dummy: true, witSource, world: 'walk' }), []);
}

describe('what is known and not served', () => {
  const samples = refusedInterfaces().map(({ name, versions, why }) => {
    const sample = name === 'wasi:*' ? 'wasi:cli/stdout' : name.replace('/*', '/things');
    const version = versions[0] === '*' ? '0.2.0' : (versions[0] ?? '').replace('*', '0');
    return { sample, version, why };
  });

  it.each(samples)('is refused with the reason: $sample@$version', async ({ sample, version, why }) => {
    await expect(prepare(await foreign(sample, version))).rejects.toMatchObject({
      code: 'ERR_COMPONENT_REFUSED',
      message: expect.stringContaining(`\`${sample}@${version}\``) as unknown,
    });
    await expect(prepare(await foreign(sample, version))).rejects.toThrow(why);
  });

  it('is told apart from what is not known at all', async () => {
    await expect(prepare(await foreign('evil:corp/backdoor', '1.0.0'))).rejects.toThrow(/which no gate serves$/);
  });

  it('is served by no row of the matrix', () => {
    for (const { name, versions } of refusedInterfaces()) {
      const same = matrix.filter(
        (row) => row.name === name || (name.endsWith('/*') && row.name.startsWith(name.slice(0, -1))),
      );
      for (const row of same) expect(row.versions.filter((version) => versions.includes(version))).toEqual([]);
    }
  });
});
