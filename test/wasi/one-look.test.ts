import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsFixture, type FsFixtureOptions } from '../gates/fs/fs-fixture.ts';
import { mounted as program, type Filestat } from '../sandbox/preview1/mount.ts';
import { codeOf, filesRun, FOLLOW, NO_FOLLOW } from './guest-files.ts';
import { scriptedFiles } from './scripted-files.ts';

/** A mount with two files, and how often something was decided. */
function mounted(options: FsFixtureOptions = {}) {
  const fixture = fsFixture(options);
  for (const name of ['a', 'b']) writeFileSync(join(fixture.root, name), name);
  return {
    ...fixture,
    directory: fixture.root,
    root: filesRun(fixture.gate.files).root(),
    decisions: () => fixture.records.filter(({ type }) => type !== 'effect.settled').length,
  };
}

describe('a status and its hash, asked right after each other', () => {
  it('are one look, one decision and one record', () => {
    using w = mounted();
    const alone = w.root.metadataHashAt(FOLLOW, 'a');
    expect(w.decisions()).toBe(1);
    w.root.statAt(FOLLOW, 'a');
    expect(w.root.metadataHashAt(FOLLOW, 'a')).toEqual(alone);
    expect(w.decisions()).toBe(2);
    expect(w.root.metadataHashAt(FOLLOW, 'a')).toEqual(alone);
    expect(w.decisions()).toBe(3); // a look is good for one answer
  });

  it('are two where the question is another one, or something was asked in between', () => {
    using w = mounted();
    w.root.statAt(FOLLOW, 'a');
    w.root.metadataHashAt(FOLLOW, 'b');
    w.root.statAt(FOLLOW, 'a');
    w.root.metadataHashAt(NO_FOLLOW, 'a');
    w.root.statAt(FOLLOW, 'a');
    w.root.getFlags();
    w.root.metadataHashAt(FOLLOW, 'a');
    expect(w.decisions()).toBe(6);
  });

  it('are two once the guest has waited: what is there then is told', async () => {
    using w = mounted();
    const before = w.root.metadataHashAt(FOLLOW, 'a');
    w.root.statAt(FOLLOW, 'a');
    await Promise.resolve();
    renameSync(join(w.directory, 'b'), join(w.directory, 'a'));
    expect(w.root.metadataHashAt(FOLLOW, 'a')).not.toEqual(before);
  });

  it('give nothing that was not allowed', () => {
    let allowed = true;
    using w = mounted({ allow: () => allowed });
    w.root.statAt(FOLLOW, 'a');
    w.root.metadataHashAt(FOLLOW, 'a');
    allowed = false;
    expect(codeOf(() => w.root.metadataHashAt(FOLLOW, 'a'))).toBe('access');
    expect(codeOf(() => w.root.statAt(FOLLOW, 'a'))).toBe('access');
    expect(codeOf(() => w.root.metadataHashAt(FOLLOW, 'a'))).toBe('access');
  });

  it('are what a C library of preview 1 asks: its `stat` is one record', () => {
    using m = program();
    writeFileSync(join(m.root, 'a'), 'text');
    expect((m.statAt('a') as Filestat).size).toBe(4n);
    expect(m.records.filter(({ type }) => type === 'effect.intended')).toHaveLength(1);
  });
});

describe('a status that has to be waited for, and its hash', () => {
  it('are one look as well, and two once the guest has ended its turn', async () => {
    const scripted = scriptedFiles();
    const later = { ...scripted.files, status: async (path: string) => scripted.files.status(path, true) };
    const root = filesRun(later).root();
    const looks = () => scripted.calls.filter((call) => call.startsWith('status')).length;
    await Promise.resolve(root.statAt(FOLLOW, 'a'));
    root.metadataHashAt(FOLLOW, 'a');
    expect(looks()).toBe(1);
    await Promise.resolve(root.statAt(FOLLOW, 'a'));
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.resolve(root.metadataHashAt(FOLLOW, 'a'));
    expect(looks()).toBe(3);
  });
});
