import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FileTree } from '../../../host/gates/fs/files.ts';
import { BOTH } from '../../gates/fs/file-answers.ts';
import { fsFixture, realFiles, text } from '../../gates/fs/fs-fixture.ts';

/** Ten seconds and more where somebody waits for it. */
const RACE_MS = Number(process.env['SALLYPORT_RACE_MS'] ?? 1500);
const ATTACKER = fileURLToPath(new URL('exchange-attacker.mjs', import.meta.url));

/** Runs `act` again and again while another process exchanges `d` and `f` with links to the outside. */
async function raced(root: string, act: () => void): Promise<void> {
  const attacker = spawn(process.execPath, [ATTACKER, root], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(attacker.stdout, 'data');
    const end = performance.now() + RACE_MS;
    while (performance.now() < end) act();
  } finally {
    attacker.stdin.end();
    await once(attacker, 'exit');
  }
}

function planted(resolution: 'walk' | 'openat2') {
  const fixture = fsFixture();
  const { root, outside } = fixture;
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/f'), 'inside');
  writeFileSync(join(root, 'f'), 'inside');
  writeFileSync(join(outside, 'f'), 'OUTSIDE');
  symlinkSync(outside, join(root, 'link-to-outside'));
  symlinkSync(join(outside, 'f'), join(root, 'link-to-secret'));
  return { ...fixture, tree: realFiles(resolution).open(root, { access: 'rw' }) };
}

function readBoth(tree: FileTree, seen: Map<string, number>): void {
  for (const names of [['d', 'f'], ['f']]) {
    const result = tree.read(names, undefined, 100);
    const key = result.ok ? text(result.value) : result.failure;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
}

describe.each(['walk', 'openat2'] as const)('F3: another process that exchanges names cannot lead out: %s', (way) => {
  it('reads nothing outside, where a plain read does', async () => {
    using fixture = planted(way);
    const { tree } = fixture;
    const [seen, plain] = [new Map<string, number>(), new Map<string, number>()];
    await raced(fixture.root, () => {
      readBoth(tree, seen);
      try {
        const contents = readFileSync(join(fixture.root, 'd/f'), 'utf8');
        plain.set(contents, (plain.get(contents) ?? 0) + 1);
      } catch {
        // the name was away
      }
    });
    tree.close();
    expect(plain.get('OUTSIDE') ?? 0).toBeGreaterThan(0);
    expect(seen.get('OUTSIDE') ?? 0).toBe(0);
    expect(seen.get('inside') ?? 0).toBeGreaterThan(100);
  });

  it('follows no link out, where links inside are followed', async () => {
    using fixture = planted(way);
    const { tree, root } = fixture;
    symlinkSync('d', join(root, 'to-directory'));
    symlinkSync('f', join(root, 'to-file'));
    const seen = new Map<string, number>();
    await raced(root, () => {
      for (const names of [['to-directory', 'f'], ['to-file']]) {
        const found = tree.resolve(names, 'follow');
        const result = found.ok ? tree.read(found.value, undefined, 100) : found;
        const key = result.ok ? text(result.value) : result.failure;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    });
    tree.close();
    expect(seen.get('OUTSIDE') ?? 0).toBe(0);
    expect(seen.get('inside') ?? 0).toBeGreaterThan(100);
  });

  it('writes, creates and removes nothing outside', async () => {
    using fixture = planted(way);
    const { tree } = fixture;
    let done = 0;
    const contents = new TextEncoder().encode('inside');
    await raced(fixture.root, () => {
      done += Number(tree.write(['d', 'new'], contents, { sync: false }).ok);
      done += Number(tree.write(['d', 'f'], contents, { sync: false }).ok);
      done += Number(tree.append(['d', 'log'], contents, { sync: false, mostBytes: 1 << 30 }).ok);
      done += Number(tree.append(['f'], contents, { sync: false, mostBytes: 1 << 30 }).ok);
      done += Number(tree.makeDirectory(['d', 'made']).ok);
      done += Number(tree.remove(['d', 'made']).ok);
      done += Number(tree.rename(['d', 'new'], ['d', 'newer']).ok);
    });
    tree.close();
    expect(done).toBeGreaterThan(100);
    expect(readdirSync(fixture.outside)).toEqual(['f']);
    expect(readFileSync(join(fixture.outside, 'f'), 'utf8')).toBe('OUTSIDE');
  });

  it('opens, and changes what is open, only inside', async () => {
    using fixture = planted(way);
    const { tree, outside } = fixture;
    const seen = new Map<string, number>();
    const bounds = { mostBytes: 1000, sync: false };
    const contents = new TextEncoder().encode('inside');
    const before = statSync(join(outside, 'f'), { bigint: true });
    await raced(fixture.root, () => {
      for (const names of [['d', 'f'], ['f'], ['d', 'new']]) {
        const opened = tree.posix.open(names, { ...BOTH, create: names.length === 2 }, bounds);
        if (!opened.ok) continue;
        const file = opened.value;
        const read = file.read(0, 100);
        const key = read.ok ? text(read.value) : read.failure;
        seen.set(key, (seen.get(key) ?? 0) + 1);
        file.write(0, contents);
        file.append(contents);
        file.setSize(6);
        file.setTimes('now', 'now');
        file.close();
      }
      tree.posix.setTimes(['d', 'f'], { ns: 0n }, { ns: 0n });
      tree.posix.setTimes(['f'], { ns: 0n }, { ns: 0n });
      tree.posix.rename(['d', 'new'], ['d', 'newer']);
      tree.posix.removeFile(['d', 'newer']);
      tree.posix.symbolicLink(['d', 'link'], 'f');
      tree.posix.removeFile(['d', 'link']);
    });
    tree.close();
    expect(seen.get('OUTSIDE') ?? 0).toBe(0);
    expect(seen.get('inside') ?? 0).toBeGreaterThan(10);
    expect(readdirSync(outside)).toEqual(['f']);
    expect(readFileSync(join(outside, 'f'), 'utf8')).toBe('OUTSIDE');
    expect(statSync(join(outside, 'f'), { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  });
});

describe('F3: where names can be exchanged between check and use', () => {
  it('is no mount, and the reason is said', () => {
    using fixture = fsFixture();
    expect(() => realFiles('none').open(fixture.root, { access: 'ro' })).toThrow(
      /mounts need Linux with `\/proc`: without it a path can be exchanged between check and use/,
    );
  });
});
