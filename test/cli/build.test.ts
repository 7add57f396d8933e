import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../support/command.ts';
import { onlyJson } from './greeting-world.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-build-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const build = (...args: readonly string[]) => command(['build', ...args], { cwd: folder });
const source = (text: string): void => writeFileSync(join(folder, 'agent.js'), text);

describe('build', () => {
  it('makes a component of a folder, and says where it is', async () => {
    source('export function run(input) { return input; }\n');
    const { code, stdout, stderr } = await build('.', '-o', 'out/agent.wasm');
    expect([code, stderr]).toEqual([0, 'building . (js)\n']);
    expect(stdout).toMatch(/out\/agent\.wasm: \d+ bytes in [\d.]+ s with componentize-qjs /);
    expect(onlyJson((await build('.', '-o', 'b.wasm', '--json')).stdout)).toMatchObject({
      component: join(folder, 'b.wasm'),
      language: 'js',
    });
  });

  it('fails with 1 where the source does not build, says where, and leaves no file', async () => {
    source('export function run( {\n');
    const { code, stdout, stderr } = await build('.', '-o', 'agent.wasm');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('agent.js');
    expect(existsSync(join(folder, 'agent.wasm'))).toBe(false);
    expect(onlyJson((await build('.', '--json')).stdout)).toMatchObject({ error: { code: 'ERR_BUILD_FAILED' } });
  });

  it.each([
    [[], 'missing required argument'],
    [['nowhere'], 'is not a folder'],
    [['.'], 'holds no guest'],
    [['.', '--language', 'cobol'], 'use js, rust or python'],
  ])('ends with 64 for %j', async (args, says) => {
    const { code, stdout, stderr } = await build(...args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(says);
  });
});
