import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const RESOLUTION = fileURLToPath(new URL('../../host/powers/path-resolution.ts', import.meta.url));
const PROGRAM = `import(${JSON.stringify(RESOLUTION)}).then((m) => process.stdout.write(m.pathResolution()))`;

/** Which way a process of its own finds, started through `command` and with `flags`. */
function found(flags: readonly string[], command: readonly string[] = []): string {
  const words = [...command, process.execPath, '--no-warnings', ...flags, '-e', PROGRAM];
  const { stdout, stderr } = spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' });
  return stdout === '' ? stderr : stdout;
}

const traced = (code: string): readonly string[] => [
  'strace',
  '-f',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  `inject=openat2:error=${code}`,
];
const mayTrace = spawnSync('strace', ['-o', '/dev/null', '/bin/true']).status === 0;

describe('the way in which names are opened', () => {
  it('is one that this machine has', () => {
    expect(found([])).toMatch(/^(openat2|walk)$/);
  });

  it('is the walk where foreign calls are switched off or not permitted', () => {
    expect(found(['--no-experimental-ffi'])).toBe('walk');
    expect(found(['--permission', '--allow-fs-read=*'])).toBe('walk');
  });

  it.skipIf(!mayTrace).each(['ENOSYS', 'EPERM', 'EINVAL'])(
    `is the walk where the kernel answers %s${mayTrace ? '' : ' (skipped: strace is not there)'}`,
    (code) => {
      expect(found([], traced(code))).toBe('walk');
    },
  );
});
