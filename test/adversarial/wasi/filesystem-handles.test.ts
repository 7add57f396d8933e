import { describe, expect, it } from 'vitest';
import { RunStop } from '../../../host/contracts/run-stop.ts';
import {
  bytes,
  filesRun,
  FOLLOW,
  openDirectory,
  openFile,
  type GuestDescriptor,
  type GuestEntries,
} from '../../wasi/guest-files.ts';
import { call, classOf, members, thrownBy } from '../../wasi/run.ts';
import { scriptedFiles } from '../../wasi/scripted-files.ts';

const methodsOf = (prototype: object) => Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');

function opened() {
  const scripted = scriptedFiles();
  const { run, root } = filesRun(scripted.files);
  return { ...scripted, run, root: root('/w') };
}

describe('a descriptor that the host never gave', () => {
  it('ends the run at every method, and nothing is asked', () => {
    const { run, calls } = opened();
    const { prototype } = classOf(run, 'wasi:filesystem/types', 'Descriptor');
    const forged: unknown = Object.create(prototype as object);
    for (const method of methodsOf(prototype as object)) {
      expect(
        thrownBy(() => call(forged, method, 0n, 'a', {}, {})),
        method,
      ).toBeInstanceOf(RunStop);
    }
    expect(thrownBy(() => call(forged, Symbol.dispose))).toBeInstanceOf(RunStop);
    expect(calls).toEqual([]);
  });

  it('cannot be the other one of a call', () => {
    const { run, root, calls } = opened();
    const forged = Object.create(
      classOf(run, 'wasi:filesystem/types', 'Descriptor').prototype as object,
    ) as GuestDescriptor;
    for (const work of [
      () => root.renameAt('a', forged, 'b'),
      () => root.linkAt(FOLLOW, 'a', forged, 'b'),
      () => root.isSameObject(forged),
      () => root.renameAt('a', {} as GuestDescriptor, 'b'),
    ])
      expect(thrownBy(work)).toBeInstanceOf(RunStop);
    expect(calls).toEqual([]);
  });

  it('cannot be an error, a stream or a directory of another class', () => {
    const { run, root } = opened();
    const types = members(run, 'wasi:filesystem/types');
    for (const other of [root, {}, Object.create(null) as object, openFile(root, 'a').readViaStream(0n)]) {
      expect(thrownBy(() => call(types, 'filesystemErrorCode', other))).toBeInstanceOf(RunStop);
    }
  });

  it('is one of another run', () => {
    const [one, other] = [opened(), opened()];
    const { prototype } = classOf(other.run, 'wasi:filesystem/types', 'Descriptor');
    const createDirectoryAt: unknown = Reflect.get(prototype as object, 'createDirectoryAt');
    expect(thrownBy(() => Reflect.apply(createDirectoryAt as () => void, one.root, ['a']))).toBeInstanceOf(RunStop);
    expect(other.calls).toEqual([]);
  });
});

describe('a handle that was dropped', () => {
  it('is worth nothing any more, and closes its file once', () => {
    const { root, calls } = opened();
    const file = openFile(root, 'a', 'rw');
    file[Symbol.dispose]();
    expect(thrownBy(() => file.write(bytes('x'), 0n))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => file[Symbol.dispose]())).toBeInstanceOf(RunStop);
    expect(calls.filter((line) => line === 'file.close')).toHaveLength(1);
  });

  it('of a directory stream is worth nothing any more', () => {
    const { root } = opened();
    const stream: GuestEntries = root.readDirectory();
    stream[Symbol.dispose]();
    expect(thrownBy(() => stream.readDirectoryEntry())).toBeInstanceOf(RunStop);
  });

  it('leaves those below it as they are: each is a name of its own', () => {
    const { root, calls } = opened();
    const below = openDirectory(root, 'd');
    root[Symbol.dispose]();
    below.createDirectoryAt('a');
    expect(calls.at(-1)).toBe('makeDirectory /w/d/a');
  });
});

describe('handles without end', () => {
  it.each<[string, (root: GuestDescriptor) => unknown]>([
    ['files', (root) => openFile(root, 'a')],
    ['directories', (root) => openDirectory(root, 'd')],
    ['directory streams', (root) => root.readDirectory()],
  ])('of %s end the run long before a hundred thousand', (_, open) => {
    const { root, run } = opened();
    let made = 0;
    const stopped = thrownBy(() => {
      for (; made < 100_000; made += 1) open(root);
    });
    expect(stopped).toBeInstanceOf(RunStop);
    expect(stopped).toMatchObject({ end: { kind: 'limit', limit: 'handles' } });
    expect(made).toBeLessThanOrEqual(4096);
    expect(run.ends).toEqual([]);
  });

  it('that are dropped again are no trouble', () => {
    const { root, calls } = opened();
    for (let made = 0; made < 20_000; made += 1) openFile(root, 'a')[Symbol.dispose]();
    expect(calls.filter((line) => line === 'file.close')).toHaveLength(20_000);
  });

  it('of streams end the run as well, and so do those of one preopen', () => {
    const { root, run } = opened();
    const file = openFile(root, 'a');
    expect(
      thrownBy(() => {
        for (let made = 0; made < 100_000; made += 1) file.readViaStream(0n);
      }),
    ).toBeInstanceOf(RunStop);
    expect(
      thrownBy(() => {
        for (let made = 0; made < 100_000; made += 1) call(members(run, 'wasi:filesystem/preopens'), 'getDirectories');
      }),
    ).toBeInstanceOf(RunStop);
  });
});
