import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSecretPowers } from '../../host/powers/secret-source.ts';
import { readSecret } from '../../host/secrets/reading.ts';
import type { SecretSource } from '../../host/secrets/source.ts';
import type { ValueUse } from '../../host/secrets/value.ts';

const VALUE = 'canary-7Qx9-value';
const powers = createSecretPowers();
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** The value of a source, or why there is none. */
async function read(source: SecretSource, uses: readonly ValueUse[] = ['http']): Promise<string> {
  const answer = await readSecret('token', source, new Set(uses), powers);
  if (!('unavailable' in answer)) return answer.reveal();
  // Whatever is wrong with it, no part of a value stands in the message.
  expect(answer.unavailable).not.toMatch(/canary|7Qx9/);
  return `none: ${answer.unavailable}`;
}

function file(name: string, contents: string | Uint8Array, mode = 0o600): SecretSource {
  const path = join(folder, name);
  writeFileSync(path, contents);
  chmodSync(path, mode);
  return { kind: 'file', path };
}

const env = (value: string): SecretSource => {
  vi.stubEnv('SALLYPORT_TEST_SECRET', value);
  return { kind: 'env', variable: 'SALLYPORT_TEST_SECRET' };
};
const command = (...argv: [string, ...string[]]): SecretSource => ({ kind: 'command', argv });

describe('the value of a secret', () => {
  it('comes from a variable, a file or a program', async () => {
    expect(await read(env(VALUE))).toBe(VALUE);
    expect(await read(file('plain', VALUE))).toBe(VALUE);
    expect(await read(command('/bin/echo', VALUE))).toBe(VALUE);
  });

  it('loses one line break at its end, and nothing else', async () => {
    expect(await read(file('unix', `${VALUE}\n`))).toBe(VALUE);
    expect(await read(file('windows', `${VALUE}\r\n`))).toBe(VALUE);
    expect(await read(file('two', `${VALUE}\n\n`), ['tool'])).toBe(`${VALUE}\n`);
    expect(await read(file('mark', `\ufeff${VALUE}`), ['tool'])).toBe(`\ufeff${VALUE}`);
  });

  it.each([
    ['is empty', ''],
    ['has fewer than 8 bytes', 'canary7'],
    ['holds a line break', `${VALUE}\r\nx-injected: 1`],
    ['holds a line break', `${VALUE}\nmore`],
    ['holds a zero byte', `${VALUE}\0`],
    ['outside of printable ASCII', `${VALUE}-ü`],
    ['outside of printable ASCII', ` ${VALUE}`],
    ['outside of printable ASCII', `${VALUE}\u007f`],
    ['one character again and again', 'aaaaaaaaaaaa'],
    ['has more than 4096 bytes', 'canary'.repeat(683)],
  ])('is refused where it %s', async (problem, value) => {
    expect(await read(file('bad', value))).toContain(problem);
  });

  it('may have line breaks for a tool, and other letters for a tool and a database', async () => {
    expect(await read(file('pem', `${VALUE}\nmore`), ['tool'])).toBe(`${VALUE}\nmore`);
    expect(await read(file('pem', `${VALUE}\nmore`), ['tool', 'database'])).toContain('holds a line break');
    expect(await read(file('umlaut', `${VALUE}-ü`), ['database'])).toBe(`${VALUE}-ü`);
  });

  it('is refused where it is not UTF-8: it would be sent as something else', async () => {
    const bytes = Buffer.concat([Buffer.from(VALUE), Buffer.from([0xff])]);
    expect(await read(file('binary', bytes), ['tool'])).toBe('none: is not UTF-8');
  });
});

describe('a variable', () => {
  it('that is not set, or empty, is no value', async () => {
    expect(await read({ kind: 'env', variable: 'SALLYPORT_NOT_SET' })).toBe(
      'none: the variable `SALLYPORT_NOT_SET` is not set',
    );
    expect(await read(env(''))).toBe('none: is empty');
  });
});

describe('a file', () => {
  it.each([0o604, 0o602, 0o620, 0o644, 0o666, 0o777])(
    'of mode %o is refused: others have a part in it',
    async (mode) => {
      expect(await read(file('open', VALUE, mode))).toMatch(/is open to others \(mode \d+\): `chmod 600` it/);
    },
  );

  it.each([0o400, 0o600, 0o640, 0o440])('of mode %o is read', async (mode) => {
    expect(await read(file(`closed-${mode}`, VALUE, mode))).toBe(VALUE);
  });

  it('that is missing, a folder, a pipe, a device or too large is refused, and nothing waits', async () => {
    expect(await read({ kind: 'file', path: join(folder, 'missing') })).toContain('cannot be opened: ENOENT');
    expect(await read({ kind: 'file', path: folder })).toContain('is not a regular file');
    expect(await read({ kind: 'file', path: '/dev/zero' })).toContain('is not a regular file');
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
    expect(await read({ kind: 'file', path: join(folder, 'pipe') })).toContain('is not a regular file');
    expect(await read(file('large', 'x'.repeat(5000)))).toContain('has 5000 bytes; the limit is 4098');
  });

  it('is what a link leads to: its own mode counts', async () => {
    symlinkSync(join(folder, 'open-target'), join(folder, 'link'));
    file('open-target', VALUE, 0o644);
    expect(await read({ kind: 'file', path: join(folder, 'link') })).toContain('is open to others');
  });
});

describe('a program', () => {
  it('is given its arguments as they stand: there is no shell', async () => {
    expect(await read(command('/bin/echo', '$HOME;`id`', '&&', 'canary'), ['tool'])).toBe('$HOME;`id` && canary');
  });

  it('that fails, is missing, prints too much or takes too long is no value, and its error text is not shown', async () => {
    expect(await read(command('/bin/sh', '-c', `echo ${VALUE}; echo ${VALUE} >&2; exit 3`))).toBe(
      'none: `/bin/sh` failed (exit code 3)',
    );
    expect(await read(command('/not/there'))).toBe('none: `/not/there` cannot be run: ENOENT');
    expect(await read(command('/usr/bin/yes', VALUE))).toBe('none: `/usr/bin/yes` printed more than 4098 bytes');
    const slow = powers.command(['/bin/sh', '-c', `sleep 60 & echo ${VALUE}; wait`], { mostBytes: 100, timeoutMs: 50 });
    expect(await slow).toBe('`/bin/sh` took longer than 50 ms');
  });
});
