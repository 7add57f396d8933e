import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { launchText, sandboxedPath } from '../../host/powers/sandbox-arguments.ts';

describe('the order that a launcher reads', () => {
  it('is read by a shell as exactly these texts, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed()),
          { minLength: 1, maxLength: 20 },
        ),
        (texts) => {
          const program = ['/usr/bin/printf', '%s\\0', ...texts];
          const { stdout } = spawnSync('/bin/sh', [], { input: launchText(program), encoding: 'utf8' });
          expect(stdout.split('\0').slice(0, -1)).toEqual(texts);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('names a program as it was called, where its file has another name', () => {
    expect(sandboxedPath('/usr/bin/git', '/usr/bin/git')).toBe('/usr/bin/git');
    expect(sandboxedPath('/usr/bin/busybox', '/opt/bin/vi')).toBe('/run/sallyport/vi');
  });
});
