import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

function program(folder: string, name: string, from: string): string {
  copyFileSync(from, join(folder, name));
  chmodSync(join(folder, name), 0o755);
  return join(folder, name);
}

function script(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), `#!/bin/sh\necho ${text}\n`, { mode: 0o755 });
  return join(folder, name);
}

describe('T3: the program that was declared is the program that is run', () => {
  it('runs a program by name as long as it is the same file', async () => {
    using fixture = toolFixture((folder) => ({
      t: { description: 'd', command: program(folder, 't', '/bin/echo'), arguments: ['first'] },
    }));
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'first\n' });
  });

  it('refuses a program that was exchanged or written since, and starts nothing', async () => {
    for (const change of ['exchange', 'write'] as const) {
      using fixture = toolFixture((folder) => ({ t: { description: 'd', command: script(folder, 't', 'declared') } }));
      const path = join(fixture.folder, 't');
      if (change === 'exchange') renameSync(script(fixture.folder, 'new', 'exchanged'), path);
      else script(fixture.folder, 't', 'declareD');
      expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('denied:protected-resource');
      expect(fixture.ledger).toEqual([]);
    }
  });

  it('runs the bytes of the declared digest, whatever has the name now', async () => {
    using fixture = toolFixture((folder) => {
      const command = program(folder, 't', '/bin/echo');
      return { t: { description: 'd', command, sha256: sha256(command), arguments: ['pinned'] } };
    });
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'pinned\n' });
    renameSync(script(fixture.folder, 'evil', 'exchanged'), join(fixture.folder, 't'));
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'pinned\n' });
  });

  it('refuses a program that does not have the declared digest, also when its size and times do not tell', async () => {
    using fixture = toolFixture((folder) => {
      const command = script(folder, 't', 'declared');
      return { t: { description: 'd', command, sha256: sha256(command) } };
    });
    const path = join(fixture.folder, 't');
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'declared\n' });
    script(fixture.folder, 't', 'declareD');
    utimesSync(path, 1, 1);
    expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('denied:protected-resource');
    script(fixture.folder, 't', 'declared');
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'declared\n' });
  });

  it('never looks a program up in `PATH`', async () => {
    using fixture = toolFixture((folder) => {
      script(folder, 'echo', 'trap');
      return {
        t: {
          description: 'd',
          command: '/bin/echo',
          arguments: ['real'],
          environment: { PATH: folder },
          directory: '.',
        },
      };
    });
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'real\n' });
    expect(existsSync(join(fixture.folder, 'echo'))).toBe(true);
  });
});
