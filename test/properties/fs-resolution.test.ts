import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileTree } from '../../host/gates/fs/files.ts';
import { descriptorPath, O_PATH } from '../../host/powers/descriptor-path.ts';
import { createHeldDirectories } from '../../host/powers/held-directories.ts';
import { createOpenat2 } from '../../host/powers/openat2.ts';
import { realFiles } from '../gates/fs/fs-fixture.ts';

const openat2 = createOpenat2();
const reason = openat2 === undefined ? ' (skipped: this machine has no openat2)' : '';

const NAMES = ['a', 'b', 'c', 'caf\u00e9'];
const name = fc.constantFrom(...NAMES);
const way = fc.array(name, { minLength: 1, maxLength: 4 });
type Entry = { readonly kind: 'file' | 'directory' } | { readonly kind: 'link'; readonly target: string };
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ kind: 'file' } as const) },
  { weight: 3, arbitrary: fc.constant({ kind: 'directory' } as const) },
  fc
    .oneof(
      way.map((names) => names.join('/')),
      way.map((names) => `../${names.join('/')}`),
      fc.constantFrom('.', '..', '../..', '/', '/proc/self/cwd', 'a/../b', '../outside/secret'),
    )
    .map((target) => ({ kind: 'link', target }) as const),
);
const tree = fc.array(fc.tuple(way, entry), { maxLength: 25 });

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false; // nothing is there, or a file is in the way
  }
}

/** Makes what of the tree can be made: what stands in the way of an entry wins. */
function plant(root: string, entries: readonly (readonly [readonly string[], Entry])[]): void {
  for (const [names, made] of entries) {
    const path = join(root, ...names);
    // A link on the way would lead the test itself out.
    const overLink = names.some((_, end) => isLink(join(root, ...names.slice(0, end))));
    if (overLink) continue;
    try {
      if (made.kind === 'link') symlinkSync(made.target, path);
      else if (made.kind === 'directory') mkdirSync(path, { recursive: true });
      else writeFileSync(path, names.join('/'), { flag: 'wx' });
    } catch {
      // a file or a link is in the way, or no directory is there
    }
  }
}

function withTree(entries: readonly (readonly [readonly string[], Entry])[], act: (root: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-trees-'));
  const root = join(folder, 'root');
  try {
    mkdirSync(root);
    mkdirSync(join(folder, 'outside'));
    writeFileSync(join(folder, 'outside/secret'), 'OUTSIDE');
    plant(root, entries);
    act(root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is seen of a name, links not followed. */
function seen(files: FileTree, names: readonly string[]): unknown {
  const contents = files.read(names, undefined, 1000);
  const options = { after: undefined, most: 100, accept: () => true };
  return {
    read: contents.ok ? Buffer.from(contents.value).toString() : contents,
    stat: files.stat(names),
    list: files.list(names, options),
  };
}

describe.skipIf(openat2 === undefined)(`openat2 and the walk${reason}`, () => {
  it('see the same in every tree', () => {
    const ways = fc.array(way, { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(tree, ways, (entries, paths) => {
        withTree(entries, (root) => {
          const [walking, calling] = (['walk', 'openat2'] as const).map((resolution) =>
            realFiles(resolution).open(root, { access: 'rw' }),
          );
          if (walking === undefined || calling === undefined) throw new Error('two trees were opened');
          for (const names of [...paths, ...entries.map(([names]) => names)]) {
            const walked = seen(walking, names);
            expect(seen(calling, names)).toEqual(walked);
            expect(JSON.stringify(walked)).not.toContain('OUTSIDE');
          }
          walking.close();
          calling.close();
        });
      }),
      { numRuns: 60 },
    );
  });

  it('open the same object, or none of them opens one', () => {
    const { O_RDONLY, O_NONBLOCK, O_DIRECTORY, O_NOFOLLOW } = constants;
    fc.assert(
      fc.property(tree, way, (entries, other) => {
        withTree(entries, (root) => {
          const held = openSync(root, O_PATH | O_DIRECTORY);
          const directories = createHeldDirectories(held, root, () => undefined);
          for (const names of [other, ...entries.map(([names]) => names)]) {
            for (const flags of [O_RDONLY | O_NONBLOCK, O_PATH, O_PATH | O_DIRECTORY]) {
              const direct = openat2?.open(held, names.join('/'), flags | O_NOFOLLOW);
              expect(inode(direct)).toBe(inode(attempted(() => directories.open(names, flags))));
            }
          }
          expect(openat2?.open(held, 'a\0/../..', O_PATH)).toBeUndefined();
          expect(openat2?.open(held, '../outside/secret', O_RDONLY)).toBeUndefined();
          expect(openat2?.open(held, descriptorPath(held), O_PATH)).toBeUndefined();
          directories.close();
        });
      }),
      { numRuns: 60 },
    );
  });
});

function attempted(act: () => number): number | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function inode(descriptor: number | undefined): number | undefined {
  if (descriptor === undefined) return undefined;
  const { ino } = fstatSync(descriptor);
  closeSync(descriptor);
  return ino;
}
