import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileStore } from '../../../host/policy/store/file-store.ts';
import type { InForce, PolicyStore } from '../../../host/policy/store/policy-store.ts';
import type { VersionFiles } from '../../../host/policy/store/version-files.ts';
import { wordsOf } from '../../../host/policy/vocabulary.ts';
import { createRandom } from '../../../host/powers/random.ts';
import { createVersionFiles } from '../../../host/powers/version-files.ts';
import { row, VOCABULARY } from '../fixture.ts';

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'sallyport-store-')), 'policy');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const FILES = createVersionFiles(createRandom());
const clock = { nowMs: () => Date.parse('2026-03-02T11:00:00Z'), monotonicUs: () => 0 };
const storeOf = (files: VersionFiles = FILES): PolicyStore => createFileStore({ directory, files, clock });
const policy = (path: string): InForce => ({
  digest: `sha256:${'a'.repeat(64)}`,
  texts: { policy: { file: 'policy.csv', text: row({ resource: path }) } },
  words: wordsOf(VOCABULARY),
  why: 'test',
});
const generationsOf = (store: PolicyStore) => store.versions().map(({ generation }) => generation);

describe('the versions of a policy', () => {
  it('are numbered from 1, hold their texts, and count what changed', () => {
    const store = storeOf();
    expect([store.latest(), store.lastGeneration(), store.versions()]).toEqual([undefined, 0, []]);
    store.keep(policy('/a'));
    const second = store.keep({ ...policy('/b'), by: 'ada' });
    expect(second).toMatchObject({ generation: 2, added: 1, removed: 1, rules: 1, by: 'ada', why: 'test' });
    expect(storeOf().texts(second)?.policy.text).toBe(row({ resource: '/b' }));
    expect(storeOf().latest()).toEqual(second);
  });

  it('are not multiplied by keeping the same again, and are by going back to an older one', () => {
    const store = storeOf();
    for (const path of ['/a', '/a', '/b', '/a']) store.keep(policy(path));
    expect(generationsOf(store)).toEqual([1, 2, 3]);
    expect(readdirSync(join(directory, 'texts'))).toHaveLength(2);
  });

  it('differ where the words of the configuration do', () => {
    const store = storeOf();
    store.keep(policy('/a'));
    const other = { ...policy('/a'), words: { ...wordsOf(VOCABULARY), labels: ['secret', 'public'] } };
    expect(store.isLatest(other)).toBe(false);
    expect(store.keep(other).generation).toBe(2);
  });

  it('are bounded in number; the numbers go on', () => {
    const store = storeOf();
    for (let turn = 0; turn < 210; turn += 1) store.keep(policy(`/${turn}`));
    expect(store.versions().length).toBeLessThanOrEqual(220);
    expect(store.versions().length).toBeGreaterThanOrEqual(200);
    expect(store.lastGeneration()).toBe(210);
    expect(store.texts(store.versions()[0]!)).toBeDefined();
  });

  it('never have a number twice: not after one that cannot be read, nor after one that was taken away', () => {
    const store = storeOf();
    for (const path of ['/a', '/b', '/c']) store.keep(policy(path));
    writeFileSync(join(directory, 'versions', '0000000003.json'), '{"generation":3,');
    expect(store.latest()?.generation).toBe(2);
    expect(store.keep(policy('/d')).generation).toBe(4);
    expect(generationsOf(store)).toEqual([1, 2, 4]);
  });

  it('are not given out where their texts were changed, or lead elsewhere', () => {
    const store = storeOf();
    const version = store.keep(policy('/a'));
    const [name = ''] = readdirSync(join(directory, 'texts'));
    const file = join(directory, 'texts', name);
    writeFileSync(file, readFileSync(file, 'utf8').replace('/a', '/*'));
    expect(store.texts(version)).toBeUndefined();
    rmSync(file);
    symlinkSync('/etc/hostname', file);
    expect(() => store.texts(version)).toThrow(/cannot be kept/);
  });

  it.each(['write', 'create'] as const)('are whole or not there when the process dies in `%s`', (method) => {
    storeOf().keep(policy('/a'));
    const dying: VersionFiles = {
      ...FILES,
      [method]: () => {
        throw new Error('killed');
      },
    };
    expect(() => storeOf(dying).keep(policy('/b'))).toThrow(/killed/);
    expect(generationsOf(storeOf())).toEqual([1]);
    expect(storeOf().keep(policy('/b')).generation).toBe(2);
  });

  it('survive what a killed process has left', () => {
    storeOf().keep(policy('/a'));
    writeFileSync(join(directory, 'versions', '.sallyport-0123456789abcdef01234567.tmp'), '{"gener');
    mkdirSync(join(directory, 'versions', '0000000099'));
    expect(storeOf().keep(policy('/b')).generation).toBe(2);
  });

  it('are shared by processes: each number is given once, and all agree on the newest', async () => {
    const script = join(import.meta.dirname, 'keep-many.ts');
    const keepers = [0, 1, 2].map(
      (own) =>
        new Promise<string>((resolve, reject) => {
          const child = spawn(process.execPath, [script, directory, String(own)], {
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          let text = '';
          child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
          child.on('error', reject).on('close', () => resolve(text));
        }),
    );
    const given = (await Promise.all(keepers)).flatMap((text) => text.trim().split('\n').map(Number));
    expect(given).toHaveLength(60);
    expect(new Set(given).size).toBe(60);
    expect(Math.max(...given)).toBe(60);
    expect(generationsOf(storeOf())).toHaveLength(60);
  });

  it('cannot be kept where the directory cannot be written: that is an error of the operator', () => {
    mkdirSync(join(directory, '..'), { recursive: true });
    writeFileSync(directory, 'a file');
    expect(() => storeOf().keep(policy('/a'))).toThrow(expect.objectContaining({ code: 'ERR_POLICY_STORE' }) as Error);
  });
});
