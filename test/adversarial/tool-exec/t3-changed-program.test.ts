import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NODE, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';

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

/** What a call printed, or the tag of its error. */
const answerOf = (call: Promise<{ stdout: string }>): Promise<string> =>
  call.then(({ stdout }) => stdout).catch(() => toolTagOf(call));

describe('T3: the program that was declared is the program that is run', () => {
  it('runs a program by name as long as it is the same file', async () => {
    using fixture = toolFixture((folder) => ({
      t: { description: 'd', isolation: 'none', command: program(folder, 't', '/bin/echo'), arguments: ['first'] },
    }));
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'first\n' });
  });

  it('refuses a program that was exchanged or written since, and starts nothing', async () => {
    for (const change of ['exchange', 'write'] as const) {
      using fixture = toolFixture((folder) => ({
        t: { description: 'd', isolation: 'none', command: script(folder, 't', 'declared') },
      }));
      const path = join(fixture.folder, 't');
      if (change === 'exchange') renameSync(script(fixture.folder, 'new', 'exchanged'), path);
      else script(fixture.folder, 't', 'declareD');
      expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('denied:protected-resource');
      expect(fixture.runs).toEqual([]);
    }
  });

  it('runs the bytes of the declared digest, whatever has the name now', async () => {
    using fixture = toolFixture((folder) => {
      const command = program(folder, 't', '/bin/echo');
      return { t: { description: 'd', isolation: 'none', command, sha256: sha256(command), arguments: ['pinned'] } };
    });
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'pinned\n' });
    renameSync(script(fixture.folder, 'evil', 'exchanged'), join(fixture.folder, 't'));
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'pinned\n' });
  });

  it('refuses a program that does not have the declared digest, also when its size and times do not tell', async () => {
    using fixture = toolFixture((folder) => {
      const command = script(folder, 't', 'declared');
      return { t: { description: 'd', isolation: 'none', command, sha256: sha256(command) } };
    });
    const path = join(fixture.folder, 't');
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'declared\n' });
    script(fixture.folder, 't', 'declareD');
    utimesSync(path, 1, 1);
    expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('denied:protected-resource');
    script(fixture.folder, 't', 'declared');
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: 'declared\n' });
  });

  it('runs in a sandbox what was declared, and nothing else that has its name since', async () => {
    using fixture = toolFixture((folder) => ({
      plain: { description: 'd', command: program(folder, 'plain', '/bin/echo'), arguments: ['declared'] },
      pinned: {
        description: 'd',
        command: program(folder, 'pinned', '/bin/echo'),
        sha256: sha256('/bin/echo'),
        arguments: ['declared'],
      },
    }));
    const tags = [];
    for (const tool of ['plain', 'pinned']) {
      expect(await fixture.tools.call(tool, '{}')).toMatchObject({ stdout: 'declared\n' });
      renameSync(script(fixture.folder, 'evil', 'exchanged'), join(fixture.folder, tool));
      // A sandbox that stood before still holds the declared program; a new one cannot be made from a file without a name.
      tags.push(await answerOf(fixture.tools.call(tool, '{}')));
    }
    expect(tags[0]).toBe('denied:protected-resource');
    expect(['declared\n', 'not-started']).toContain(tags[1]);
  });

  it('calls a program that does what its name says by the name that was declared', async () => {
    using fixture = toolFixture((folder) => {
      symlinkSync(program(folder, 'many', '/bin/bash'), join(folder, 'alias'));
      return { t: { description: 'd', command: join(folder, 'alias'), arguments: ['-c', 'echo $0'] } };
    });
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: '/run/sallyport/alias\n' });
  });

  it('holds the program that was checked while its name is exchanged without end', async () => {
    using fixture = toolFixture((folder) => ({
      t: { description: 'd', isolation: 'none', command: program(folder, 't', '/bin/echo'), arguments: ['declared'] },
    }));
    const path = join(fixture.folder, 't');
    const exchange = spawn(NODE, [fileURLToPath(new URL('exchanger.mjs', import.meta.url)), path], { stdio: 'ignore' });
    try {
      for (let turn = 0; turn < 200; turn += 1) {
        const answer = await answerOf(fixture.tools.call('t', '{}'));
        expect(['declared\n', 'denied:protected-resource']).toContain(answer);
      }
    } finally {
      exchange.kill('SIGKILL');
    }
  });

  it('never looks a program up in `PATH`', async () => {
    using fixture = toolFixture((folder) => {
      script(folder, 'echo', 'trap');
      return {
        t: {
          description: 'd',
          isolation: 'none',
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
