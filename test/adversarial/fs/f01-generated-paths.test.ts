import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFsGate } from '../../../host/gates/fs/index.ts';
import { mountOf, realFiles } from '../../gates/fs/fs-fixture.ts';
import { sampleFolder } from '../../conformance/sample-folder.ts';
import { testPipeline } from '../../support/pipeline.ts';
import { generatedPaths } from './generated-paths.ts';

/** Shared by the four ways in which they are tried. */
const COUNT = Number(process.env['SALLYPORT_TEST_PATHS'] ?? 25_000) / 4;
const SEED = Number(process.env['SALLYPORT_TEST_SEED'] ?? 20_261_124);
const SENTINELS = ['secret', 'outside/secret', 'workspace2/secret'];

function planted(): string {
  const folder = sampleFolder();
  for (const name of ['workspace/d', 'outside', 'workspace2']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of SENTINELS) writeFileSync(join(folder, name), 'SENTINEL');
  for (const [name, target] of [
    ['to-outside', '../outside'],
    ['to-secret', join(folder, 'outside/secret')],
    ['to-root', '/'],
    ['to-inside', 'd'],
    ['to-magic', '/proc/self/cwd'],
    ['d/out', '../../outside'],
    ['d/up', '..'],
  ] as const) {
    symlinkSync(target, join(folder, 'workspace', name));
  }
  replant(folder);
  return folder;
}

/** Puts back what the paths before have moved or removed. */
function replant(folder: string): void {
  for (const name of ['f', 'd/f', 'd/secret']) {
    const path = join(folder, 'workspace', name);
    if (!existsSync(path)) writeFileSync(path, 'inside');
  }
}

/** Bytes and times of everything that stands outside; reading a file would change its time of access. */
function stateOf(folder: string): unknown {
  return SENTINELS.map((name) => {
    const { atimeMs, mtimeMs, ctimeMs, ino, nlink } = statSync(join(folder, name));
    return { name, atimeMs, mtimeMs, ctimeMs, ino, nlink };
  });
}

/** Sets times of access so far back that any read shows. */
function age(folder: string): void {
  for (const name of SENTINELS) utimesSync(join(folder, name), new Date(0), new Date());
}

describe('F1: the sentinels', () => {
  it('show that they were read', ({ skip }) => {
    const folder = planted();
    age(folder);
    readFileSync(join(folder, 'outside/secret'));
    if (statSync(join(folder, 'outside/secret')).atimeMs === 0) skip('this file system keeps no times of access');
  });
});

describe.each(['refuse', 'inside'] as const)('F1: generated paths, links: %s', (symlinks) => {
  it.each(['walk', 'openat2'] as const)(`reach nothing outside: ${COUNT} paths by %s`, (resolution) => {
    const folder = planted();
    age(folder);
    const { pipeline, faults, records } = testPipeline({ allow: () => true });
    const mount = mountOf('/workspace', join(folder, 'workspace'), { symlinks, maxFileBytes: 100 });
    const gate = createFsGate({ pipeline, config: { mounts: [mount] }, files: realFiles(resolution), callBytes: 1000 });
    const members = gate.imports.get('sallyport:agent/fs') as unknown as Record<
      string,
      (...values: unknown[]) => unknown
    >; // typed by WIT
    const before = stateOf(folder);
    const answers = new Map<string, number>();
    for (const [index, path] of generatedPaths(
      COUNT,
      SEED + (resolution === 'walk' ? 0 : 1) + (symlinks === 'refuse' ? 0 : 2),
      folder,
    ).entries()) {
      const answer = answerOf(members, path, index);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      records.length = 0;
      if (index % 50 === 0) replant(folder);
    }
    void gate.close();
    expect(stateOf(folder)).toEqual(before);
    expect(SENTINELS.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(SENTINELS.map(() => 'SENTINEL'));
    expect(readdirSync(folder).sort()).toEqual(['outside', 'secret', 'workspace', 'workspace2']);
    expect([readdirSync(join(folder, 'outside')), readdirSync(join(folder, 'workspace2'))]).toEqual([
      ['secret'],
      ['secret'],
    ]);
    expect(answers.get('SENTINEL')).toBeUndefined();
    expect(answers.get('internal')).toBeUndefined();
    expect(faults).toEqual([]);
    // Not all of them end at the parser.
    expect(answers.get('invalid-path') ?? 0).toBeLessThan(0.6 * COUNT);
    expect(answers.get('ok') ?? 0).toBeGreaterThan(0.02 * COUNT);
  });
});

const CALLS: readonly ((members: Record<string, (...values: unknown[]) => unknown>, path: string) => unknown)[] = [
  ({ write }, path) => write?.(path, new Uint8Array([120])),
  ({ append }, path) => append?.(path, new Uint8Array([120])),
  ({ list }, path) => list?.(path, undefined),
  ({ stat }, path) => stat?.(path),
  ({ makeDirectory }, path) => makeDirectory?.(path),
  ({ remove }, path) => remove?.(path),
  ({ rename }, path) => rename?.('/workspace/f', path),
  ({ rename }, path) => rename?.(path, '/workspace/g'),
];

/** Reads a path, does one more thing with it, and says how the reading ended. */
function answerOf(members: Record<string, (...values: unknown[]) => unknown>, path: string, index: number): string {
  const ended = ending(() => members['read']?.(path, undefined));
  const other = ending(() => CALLS[index % CALLS.length]?.(members, path));
  return other === 'internal' ? other : ended;
}

function ending(act: () => unknown): string {
  try {
    const value = act();
    return value instanceof Uint8Array && Buffer.from(value).toString() === 'SENTINEL' ? 'SENTINEL' : 'ok';
  } catch (thrown) {
    // What a gate throws is `{ payload }` with an error of its WIT; anything else is no answer that a guest may have.
    return (thrown as { payload?: { tag: string } }).payload?.tag ?? 'internal';
  }
}
