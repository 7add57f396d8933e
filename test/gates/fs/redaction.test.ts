import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OpenHow } from '../../../host/contracts/file-service.ts';
import { errorOf, valueOf } from './file-answers.ts';
import { fsErrorOf, fsFixture } from './fs-fixture.ts';

const MASKED = { obligations: { redact: ['email'] } } as const;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const shown = (value: Uint8Array): string => Buffer.from(value).toString();
const redacted = ({ records }: ReturnType<typeof fsFixture>) =>
  records.flatMap(({ outcome }) => outcome?.discharged?.['redact'] ?? []);
const READ: OpenHow = { read: true, write: false, create: false, exclusive: false, truncate: false, follow: true };
const WRITE: OpenHow = { ...READ, read: false, write: true, create: true };

describe('files under redact', () => {
  it('are read masked, and their parts are parts of what is masked', async () => {
    using fixture = fsFixture(MASKED);
    writeFileSync(join(fixture.root, 'f'), 'to ada@example.com!');
    expect(shown(await fixture.fs.read('/workspace/f'))).toBe('to [redacted:email]!');
    let joined = '';
    for (let offset = 0n; offset < 20n; offset += 5n)
      joined += shown(await fixture.fs.read('/workspace/f', { offset, length: 5n }));
    expect(joined).toBe('to [redacted:email]!');
    expect(redacted(fixture)[0]).toEqual({ email: 1 });
  });

  it('are written and appended to masked', async () => {
    using fixture = fsFixture(MASKED);
    await fixture.fs.write('/workspace/f', bytes('ada@example.com '));
    await fixture.fs.append('/workspace/f', bytes('bob@example.com'));
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('[redacted:email] [redacted:email]');
    expect(redacted(fixture)).toEqual([{ email: 1 }, { email: 1 }]);
  });

  it('are not written where nobody can say what is in it', async () => {
    using fixture = fsFixture(MASKED);
    expect(await fsErrorOf(fixture.fs.write('/workspace/f', bytes('a\0ada@example.com')))).toMatchObject({
      tag: 'denied',
    });
    expect(() => readFileSync(join(fixture.root, 'f'))).toThrow('ENOENT');
  });

  it('are open as what is masked, at every offset, and say the size of that', () => {
    using fixture = fsFixture(MASKED);
    writeFileSync(join(fixture.root, 'f'), 'to ada@example.com!');
    const file = valueOf(fixture.gate.files.open('/workspace/f', READ));
    expect(valueOf(file.status()).size).toBe(20n);
    let joined = '';
    for (let at = 0n; at < 20n; at += 1n) joined += shown(valueOf(file.read(at, 1)));
    expect(joined).toBe('to [redacted:email]!');
    file.close();
    expect(redacted(fixture)).toEqual([{ email: 1 }]);
  });

  it('are written through an open file in pieces, whatever is cut', () => {
    using fixture = fsFixture(MASKED);
    const file = valueOf(fixture.gate.files.open('/workspace/f', WRITE));
    Array.from('to ada@example.com').forEach((letter, at) =>
      expect(valueOf(file.write(BigInt(at), bytes(letter)))).toBe(1),
    );
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('to ');
    file.close();
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('to [redacted:email]');
    expect(redacted(fixture)).toEqual([{ email: 1 }]);
  });

  it('are not written out of order, nor read and written at once, nor with what is no text', () => {
    using fixture = fsFixture(MASKED);
    expect(errorOf(fixture.gate.files.open('/workspace/f', { ...WRITE, read: true }))).toBe('unsupported');
    const file = valueOf(fixture.gate.files.open('/workspace/f', WRITE));
    expect(errorOf(file.write(5n, bytes('late')))).toBe('unsupported');
    expect(errorOf(file.write(0n, bytes('\0')))).toBe('unsupported');
    file.close();
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('');
  });
});
