import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fsFixture } from '../gates/fs/fs-fixture.ts';
import {
  bytes,
  codeOf,
  descriptorFlags,
  entriesOf,
  filesRun,
  FOLLOW,
  NO_FOLLOW,
  openDirectory,
  openFlags,
  readAll,
  type GuestDescriptor,
} from './guest-files.ts';

/** One operation on names below a directory, as both sides can do it. */
type Operation =
  | { readonly do: 'mkdir' | 'rmdir' | 'unlink' | 'stat' | 'lstat' | 'list' | 'read'; readonly path: string }
  | { readonly do: 'rename'; readonly path: string; readonly to: string }
  | { readonly do: 'truncate'; readonly path: string; readonly size: number }
  | {
      readonly do: 'write';
      readonly path: string;
      readonly text: string;
      readonly offset: number;
      readonly how: readonly ('create' | 'exclusive' | 'truncate')[];
    };

/** What a guest would see of it. */
type Seen = string | readonly string[];

const CODES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no-entry'],
  ['EEXIST', 'exist'],
  ['ENOTDIR', 'not-directory'],
  ['EISDIR', 'is-directory'],
  ['ENOTEMPTY', 'not-empty'],
  ['EINVAL', 'invalid'],
  ['EBUSY', 'busy'],
]);

const stated = (type: 'directory' | 'regular-file', size: number | bigint): Seen =>
  type === 'directory' ? type : `${type} ${size}`;
const statedBy = (stats: Stats): Seen => stated(stats.isDirectory() ? 'directory' : 'regular-file', stats.size);

/** The same on a directory of this machine. */
function onMachine(directory: string, operation: Operation): Seen {
  const path = `${directory}/${operation.path}`;
  const opened = (flags: number, work: (fd: number) => Seen): Seen => {
    const fd = openSync(path, flags);
    try {
      return work(fd);
    } finally {
      closeSync(fd);
    }
  };
  switch (operation.do) {
    case 'mkdir':
      mkdirSync(path);
      return 'done';
    case 'rmdir':
      rmdirSync(path);
      return 'done';
    case 'unlink':
      unlinkSync(path);
      return 'done';
    case 'stat':
      return statedBy(statSync(path));
    case 'lstat':
      return statedBy(lstatSync(path));
    case 'list':
      return readdirSync(path, { withFileTypes: true })
        .map((entry) => `${entry.isDirectory() ? 'directory' : 'regular-file'} ${entry.name}`)
        .sort();
    case 'rename':
      renameSync(path, `${directory}/${operation.to}`);
      return 'done';
    case 'read':
      return opened(constants.O_RDONLY, (fd) => {
        if (fstatSync(fd).isDirectory()) return 'directory';
        const contents = Buffer.alloc(fstatSync(fd).size);
        readSync(fd, contents);
        return contents.toString();
      });
    case 'truncate':
      return opened(constants.O_WRONLY, (fd) => {
        ftruncateSync(fd, operation.size);
        return 'done';
      });
    case 'write': {
      const flags = { create: constants.O_CREAT, exclusive: constants.O_EXCL, truncate: constants.O_TRUNC };
      const all = operation.how.reduce((sum, flag) => sum | flags[flag], constants.O_WRONLY);
      return opened(all, (fd) => String(writeSync(fd, operation.text, operation.offset)));
    }
  }
}

/** The same through WASI. */
function throughWasi(root: GuestDescriptor, operation: Operation): Seen {
  const { path } = operation;
  const opened = (open: GuestDescriptor, work: (file: GuestDescriptor) => Seen): Seen => {
    try {
      return work(open);
    } finally {
      open[Symbol.dispose]();
    }
  };
  const statOf = ({ type, size }: { type: string; size: bigint }): Seen =>
    stated(type === 'directory' ? type : 'regular-file', size);
  switch (operation.do) {
    case 'mkdir':
      root.createDirectoryAt(path);
      return 'done';
    case 'rmdir':
      root.removeDirectoryAt(path);
      return 'done';
    case 'unlink':
      root.unlinkFileAt(path);
      return 'done';
    case 'stat':
      return statOf(root.statAt(FOLLOW, path));
    case 'lstat':
      return statOf(root.statAt(NO_FOLLOW, path));
    case 'list':
      return opened(openDirectory(root, path), (directory) =>
        entriesOf(directory)
          .map(({ type, name }) => `${type} ${name}`)
          .sort(),
      );
    case 'rename':
      root.renameAt(path, root, operation.to);
      return 'done';
    case 'read':
      return opened(root.openAt(FOLLOW, path, openFlags(), descriptorFlags('read')), (file) =>
        file.getType() === 'directory' ? 'directory' : Buffer.from(readAll(file, 3n)).toString(),
      );
    case 'truncate':
      return opened(root.openAt(FOLLOW, path, openFlags(), descriptorFlags('write')), (file) => {
        file.setSize(BigInt(operation.size));
        return 'done';
      });
    case 'write':
      return opened(root.openAt(FOLLOW, path, openFlags(...operation.how), descriptorFlags('write')), (file) =>
        String(file.write(bytes(operation.text), BigInt(operation.offset))),
      );
  }
}

function outcome(work: () => Seen): Seen {
  try {
    return work();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined) return CODES.get(code) ?? code;
    return codeOf(() => {
      throw error;
    });
  }
}

/** Where two names are wrong, POSIX leaves open of which of them is told. */
const told = (operation: Operation, seen: Seen): Seen =>
  operation.do === 'rename' && seen !== 'done' ? 'an error' : seen;

const name = fc.constantFrom('a', 'b', 'c');
const plain = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const path = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '', '', '/'))
  .map(([names, end]) => names.join('/') + end);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    do: fc.constantFrom('mkdir', 'mkdir', 'rmdir', 'unlink', 'stat', 'lstat', 'list', 'read'),
    path,
  }),
  fc.record({ do: fc.constant('rename'), path, to: path }),
  fc.record({ do: fc.constant('truncate'), path, size: fc.nat({ max: 20 }) }),
  fc.record({
    do: fc.constant('write'),
    path: plain,
    text: fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' }),
    offset: fc.nat({ max: 10 }),
    how: fc.subarray(['create', 'exclusive', 'truncate'] as const),
  }),
);

describe('a sequence of operations', () => {
  it('gives a guest what it would give a program of this machine', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 40 }), (operations) => {
        using fixture = fsFixture();
        const model = mkdtempSync(join(tmpdir(), 'sallyport-model-'));
        try {
          const { root } = filesRun(fixture.gate.files);
          for (const each of operations) {
            const expected = told(
              each,
              outcome(() => onMachine(model, each)),
            );
            const seen = told(
              each,
              outcome(() => throughWasi(root(), each)),
            );
            expect(seen, JSON.stringify(each)).toEqual(expected);
          }
          expect(fixture.faults).toEqual([]);
        } finally {
          rmSync(model, { recursive: true });
        }
      }),
      { numRuns: 150 },
    );
  });
});
