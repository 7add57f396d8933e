import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileAnswer, OpenFile, OpenHow } from '../../../host/contracts/file-service.ts';
import { bytes, fsFixture, text } from './fs-fixture.ts';

const HOW: OpenHow = { read: false, write: false, create: false, exclusive: false, truncate: false, follow: true };

describe('the files of the gate, as POSIX knows them', () => {
  it('opens, reads and writes at offsets', () => {
    using fixture = fsFixture();
    const { root } = fixture;
    const { files } = fixture.gate;
    writeFileSync(join(root, 'f'), '0123456789');
    const file = valueOf(files.open('/workspace/f', { ...HOW, read: true, write: true }));
    expect(text(valueOf(file.read(2n, 3)))).toBe('234');
    expect(valueOf(file.write(8n, bytes('abcd')))).toBe(4);
    expect(valueOf(file.append(bytes('!')))).toBe(1);
    expect(text(valueOf(file.read(6n, 100)))).toBe('67abcd!');
    valueOf(file.setSize(3n));
    expect(valueOf(file.status())).toMatchObject({ type: 'file', size: 3n, links: 1n });
    file.close();
    expect(readFileSync(join(root, 'f'), 'utf8')).toBe('012');
    expect(file.read(0n, 1)).toEqual({ ok: false, error: 'bad-descriptor' });
    expect(fixture.faults).toEqual([]);
  });

  it('creates, truncates, and refuses to create what is there', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    const fresh = { ...HOW, write: true, create: true };
    expect(files.open('/workspace/f', { ...HOW, write: true })).toEqual({ ok: false, error: 'no-entry' });
    const file: OpenFile = valueOf(files.open('/workspace/f', fresh));
    valueOf(file.write(0n, bytes('some')));
    file.close();
    expect(files.open('/workspace/f', { ...fresh, exclusive: true })).toEqual({ ok: false, error: 'exist' });
    valueOf(files.open('/workspace/f', { ...fresh, truncate: true })).close();
    expect(statSync(join(fixture.root, 'f')).size).toBe(0);
  });

  it('lists, makes, removes and renames', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    valueOf(files.makeDirectory('/workspace/d'));
    writeFileSync(join(fixture.root, 'd/a'), 'a');
    writeFileSync(join(fixture.root, 'd/b'), 'b');
    valueOf(files.rename('/workspace/d/a', '/workspace/d/b'));
    const pages = valueOf(files.list('/workspace/d'));
    expect(valueOf(pages.next())).toEqual([{ name: 'b', type: 'file' }]);
    expect(valueOf(pages.next())).toEqual([]);
    expect(readFileSync(join(fixture.root, 'd/b'), 'utf8')).toBe('a');
    expect(files.removeDirectory('/workspace/d')).toEqual({ ok: false, error: 'not-empty' });
    expect(files.removeDirectory('/workspace/d/b')).toEqual({ ok: false, error: 'not-directory' });
    expect(files.removeFile('/workspace/d')).toEqual({ ok: false, error: 'is-directory' });
    valueOf(files.removeFile('/workspace/d/b'));
    valueOf(files.removeDirectory('/workspace/d'));
    expect(files.status('/workspace/d', true)).toEqual({ ok: false, error: 'no-entry' });
  });
});

function valueOf<Value>(answer: FileAnswer<Value>): Value {
  if (!answer.ok) throw new Error(answer.error);
  return answer.value;
}
