import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../host/index.ts';
import { buildGuest } from '../../src/build/build-guest.ts';
import { runComponent } from './component-run.ts';
import { createScriptedHost } from './scripted-host.ts';

describe('a build', { timeout: 120_000 }, () => {
  let folder = '';
  let output = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-build-test-'));
    output = join(folder, 'out', 'guest.wasm');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const source = (name: string, text: string): void => {
    mkdirSync(join(folder, 'guest'), { recursive: true });
    writeFileSync(join(folder, 'guest', name), text);
  };
  const build = (timeoutMs = 60_000): ReturnType<typeof buildGuest> =>
    buildGuest({ directory: join(folder, 'guest'), output, workDirectory: join(folder, 'work'), timeoutMs });
  const failure = async (timeoutMs?: number): Promise<HostError> => {
    const error: unknown = await build(timeoutMs).catch((thrown: unknown) => thrown);
    if (error instanceof HostError) return error;
    throw new Error(`no host error but ${String(error)}`);
  };

  it('says how large the component is, how long it took, and what built it', async () => {
    source('guest.js', 'export const run = (input) => `got ${input}`;\n');
    const { bytes, ms, toolchain } = await build();
    expect(bytes).toBe(readFileSync(output).length);
    expect(ms).toBeGreaterThan(0);
    expect(toolchain).toMatch(/^componentize-qjs \d/);
  });

  it('takes several JavaScript modules, and starts at `index.js`', async () => {
    source('index.js', "import { greet } from './greet.js';\nexport const run = (input) => greet(input);\n");
    source('greet.js', 'export const greet = (name) => `hello ${name}`;\n');
    await build();
    const host = createScriptedHost({ api: 'http://127.0.0.1:8787' });
    expect(await runComponent(output, host.imports, 'Ada')).toBe('hello Ada');
    host.close();
  });

  it('starts at `main` of a package', async () => {
    source('package.json', '{"main": "agent.js"}');
    source('agent.js', 'export const run = () => "main";\n');
    source('other.js', 'throw new Error("not this one");\n');
    expect((await build()).bytes).toBeGreaterThan(0);
  });

  it('refuses a `main` outside the guest', async () => {
    source('package.json', '{"main": "../../outside.js"}');
    const error = await failure();
    expect(error.code).toBe('ERR_BUILD_FAILED');
    expect(error.message).toContain('names no file of the guest');
  });

  it('asks for an entry where it could be any of several', async () => {
    source('a.js', '');
    source('b.js', '');
    expect(await failure()).toMatchObject({ code: 'ERR_BUILD_FAILED', hints: [expect.stringContaining('index.js')] });
  });

  it('fails with the last lines of the compiler, and leaves nothing', async () => {
    source('guest.js', 'export function run( {\n');
    const error = await failure();
    expect(error).toMatchObject({ code: 'ERR_BUILD_FAILED', message: 'componentize-qjs failed', exit: 1 });
    expect(error.hints.join('\n')).toMatch(/guest\.js/);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  it('keeps the component of the last build that succeeded', async () => {
    source('guest.js', 'export const run = () => "one";\n');
    await build();
    const before = readFileSync(output);
    source('guest.js', 'this is not JavaScript\n');
    await failure();
    expect(readFileSync(output).equals(before)).toBe(true);
  });

  it('ends a guest whose top level never ends', async () => {
    source('guest.js', 'for (;;);\nexport const run = () => "";\n');
    expect(await failure(3_000)).toMatchObject({
      code: 'ERR_BUILD_FAILED',
      message: 'componentize-qjs did not end within 3 s',
    });
  });

  it('gives the top level of a guest no files and no variables', async () => {
    source('guest.js', 'export const run = () => typeof process + typeof require + typeof fetch;\n');
    await build();
    const host = createScriptedHost({ api: 'http://127.0.0.1:8787' });
    expect(await runComponent(output, host.imports, '')).toBe('undefinedundefinedundefined');
    host.close();
  });

  it('does not take the word of a compiler that leaves no component', async () => {
    source('app.py', '');
    const bin = join(folder, 'work', 'python-venv', 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'componentize-py'), '#!/bin/sh\n[ "$1" = --version ] && echo componentize-py 0\nexit 0\n', {
      mode: 0o755,
    });
    expect(await failure()).toMatchObject({ code: 'ERR_BUILD_FAILED', message: 'the build ended without a component' });
    expect(existsSync(output)).toBe(false);
  });

  it('hands Python guests over as copies', async () => {
    source('app.py', '');
    const bin = join(folder, 'work', 'python-venv', 'bin');
    mkdirSync(bin, { recursive: true });
    const script =
      '#!/bin/sh\n[ "$1" = --version ] && { echo componentize-py 0; exit 0; }\necho "$VIRTUAL_ENV $*" >&2\nexit 1\n';
    writeFileSync(join(bin, 'componentize-py'), script, { mode: 0o755 });
    const [words = ''] = (await failure()).hints;
    expect(words).toMatch(
      /^\S+\/none --quiet --wit-path \S+ --world agent componentize app --python-path \S+\/app --python-path \S+\/deps/,
    );
    expect(words).not.toContain(join(folder, 'guest'));
  });
});
