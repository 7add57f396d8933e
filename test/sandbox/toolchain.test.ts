import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { prepared, temporaryFolder } from './support/cell.ts';
import { SERVED } from './support/served.ts';
import { agentText, componentOf } from './support/wat.ts';

const root = join(import.meta.dirname, '..', '..');

/** Prepares in a copy of the host beside which only the given packages are installed. */
async function prepareWith(
  packages: Readonly<Record<string, string>>,
  component: Uint8Array,
  cache: string,
): Promise<unknown> {
  const folder = await temporaryFolder();
  for (const part of ['sandbox', 'contracts', 'powers'])
    await cp(join(root, 'host', part), join(folder, 'host', part), { recursive: true });
  for (const [name, target] of Object.entries(packages)) {
    await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true });
    await symlink(target, join(folder, 'node_modules', name));
  }
  await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  await writeFile(join(folder, 'agent.wasm'), component);
  await writeFile(
    join(folder, 'main.ts'),
    `import { prepareComponent } from './host/sandbox/prepare.ts';
    const [source, cacheDirectory, served] = process.argv.slice(2);
    const options = { source, cacheDirectory, served: JSON.parse(served), limits: { memoryBytes: ${64 * 1_048_576} } };
    const outcome = await prepareComponent(options).catch(({ code, message, hints }) => ({ code, message, hints }));
    process.stdout.write(JSON.stringify(outcome));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(folder, 'main.ts'),
    join(folder, 'agent.wasm'),
    cache,
    JSON.stringify(SERVED),
  ]);
  return JSON.parse(stdout);
}

const zod = { zod: join(root, 'node_modules', 'zod') };

describe('a machine without the transpiler', () => {
  it('is told what to install', async () => {
    const outcome = await prepareWith(zod, await componentOf(agentText()), await temporaryFolder());
    expect(outcome).toEqual({
      code: 'ERR_TOOLCHAIN_MISSING',
      message: 'preparing a component needs the package `@bytecodealliance/jco-transpile`',
      hints: ['npm install --save-optional @bytecodealliance/jco-transpile@0.15.0'],
    });
  });

  it('prepares core modules, which need none', async () => {
    const module = await componentOf('(module (memory (export "memory") 1) (func (export "_start")))');
    expect(await prepareWith(zod, module, await temporaryFolder())).toMatchObject({ program: 'module', cached: false });
  });

  it('takes what was prepared elsewhere', async () => {
    const cache = await temporaryFolder();
    const component = await componentOf(agentText());
    await prepared(component, cache);
    expect(await prepareWith(zod, component, cache)).toMatchObject({ cached: true });
  });

  it('is told when it has another version', async () => {
    const other = await temporaryFolder();
    await writeFile(join(other, 'index.js'), '');
    const manifest = {
      name: '@bytecodealliance/jco-transpile',
      version: '0.99.0',
      exports: { './component': './index.js', './wasm-tools': './index.js' },
    };
    await writeFile(join(other, 'package.json'), JSON.stringify(manifest));
    const outcome = await prepareWith(
      { ...zod, '@bytecodealliance/jco-transpile': other },
      await componentOf(agentText()),
      await temporaryFolder(),
    );
    expect(outcome).toMatchObject({
      code: 'ERR_TOOLCHAIN_MISSING',
      message: 'preparing needs version 0.15.0 of `@bytecodealliance/jco-transpile`; installed is 0.99.0',
    });
  });
});
