import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf } from '../../gates/fs/fs-fixture.ts';

const WRITER = fileURLToPath(new URL('endless-writer.ts', import.meta.url));
const LEFT = `.sallyport-${'0'.repeat(24)}.tmp`;
const HOUR_S = 3600;

/** Ends a process that does nothing but write, in the middle of a write. */
async function killWriter(root: string): Promise<void> {
  const writer = spawn(process.execPath, ['--no-warnings', WRITER, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(writer.stdout, 'data');
  writer.kill('SIGKILL');
  await once(writer, 'exit');
}

describe('F8: a write that is killed leaves the old file or the new one, and nothing that a guest could see', () => {
  it('leaves a whole file', async () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'f'), Buffer.alloc(4 << 20, 'a'));
    for (let turn = 0; turn < 3; turn += 1) {
      await killWriter(fixture.root);
      const contents = readFileSync(join(fixture.root, 'f'));
      expect(contents).toHaveLength(4 << 20);
      expect(new Set(contents).size).toBe(1);
      const { entries } = await fixture.fs.list('/workspace');
      expect(entries.map(({ name }) => name)).toEqual(['f']);
    }
  });

  it('hides what is left, and refuses its name', async () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, LEFT), 'part');
    expect((await fixture.fs.list('/workspace')).entries).toEqual([]);
    expect(await fsTagOf(fixture.fs.read(`/workspace/${LEFT}`))).toBe('invalid-path');
    expect(await fsTagOf(fixture.fs.write(`/workspace/${LEFT}`, bytes('x')))).toBe('invalid-path');
    expect(await fsTagOf(fixture.fs.makeDirectory(`/workspace/${LEFT}`))).toBe('invalid-path');
    await fixture.fs.write('/workspace/.sallyport-notes', bytes('a name like any other'));
  });

  it('removes it once it is old: with the next write into its directory, or with the directory', async () => {
    using fixture = fsFixture();
    const old = Date.now() / 1000 - HOUR_S;
    for (const folder of ['written', 'removed']) {
      mkdirSync(join(fixture.root, folder));
      writeFileSync(join(fixture.root, folder, LEFT), 'part');
    }
    await fixture.fs.write('/workspace/written/young', bytes('x'));
    expect(readdirSync(join(fixture.root, 'written')).sort()).toEqual([LEFT, 'young']);
    expect(await fsTagOf(fixture.fs.remove('/workspace/removed'))).toBe('not-empty');
    for (const folder of ['written', 'removed']) utimesSync(join(fixture.root, folder, LEFT), old, old);
    await fixture.fs.remove('/workspace/removed');
    expect(readdirSync(fixture.root)).toEqual(['written']);
    using later = fsFixture({ mount: { directory: fixture.root } });
    await later.fs.write('/workspace/written/young', bytes('y'));
    expect(readdirSync(join(fixture.root, 'written'))).toEqual(['young']);
  });
});
