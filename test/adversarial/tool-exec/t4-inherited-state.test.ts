import { spawnSync } from 'node:child_process';
import { openSync, closeSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeTool, toolFixture } from '../../gates/tool-exec/tool-fixture.ts';

describe('T4: a program inherits nothing', () => {
  it('sees only declared variables', async () => {
    process.env['SALLYPORT_TEST_SECRET'] = 'canary';
    try {
      using fixture = toolFixture({
        bare: probeTool([], {}),
        named: probeTool([], {}, { environment: { LANG: 'C', EMPTY: '' } }),
      });
      expect((await fixture.probe('bare', {})).env).toEqual({});
      expect((await fixture.probe('named', {})).env).toEqual({ LANG: 'C', EMPTY: '' });
    } finally {
      delete process.env['SALLYPORT_TEST_SECRET'];
    }
  });

  it('has no descriptor that leads anywhere but its three, even while the host holds and has inherited others', () => {
    const outside = openSync('/etc/hostname', 'r');
    try {
      // A process that was started with descriptor 40 open runs the gate; its tool lists what it has. Node marks
      // the first few as close-on-exec by itself, not one behind a gap.
      const stdio = ['ignore', 'pipe', 'inherit', ...Array<'ignore'>(37).fill('ignore'), outside] as const;
      const host = spawnSync(process.execPath, [fileURLToPath(new URL('leaky-host.ts', import.meta.url))], {
        stdio: [...stdio],
        encoding: 'utf8',
      });
      const { own, tool } = JSON.parse(host.stdout) as { own: string[]; tool: string[] }; // what `leaky-host.ts` prints
      expect(own).toContain('40 /etc/hostname');
      expect(tool.filter((line) => !/^\d+ \/proc\/\d+\/fd$/.test(line))).toEqual([
        '0 /dev/null',
        expect.stringMatching(/^1 pipe:/),
        expect.stringMatching(/^2 pipe:/),
      ]);
    } finally {
      closeSync(outside);
    }
  });

  it('has nothing more in a sandbox', async () => {
    using fixture = toolFixture({
      probe: probeTool([], {}, { isolation: 'bubblewrap', environment: { LANG: 'C' } }),
    });
    const { env, cwd, descriptors, terminal } = await fixture.probe('probe', {});
    expect({ env, cwd, terminal }).toEqual({ env: { LANG: 'C' }, cwd: '/', terminal: false });
    expect(descriptors.filter((line) => /^[012] /.test(line))).toHaveLength(3);
    expect(descriptors.filter((line) => !/^[012] /.test(line) && !line.endsWith('/dev/null'))).toEqual([]);
  });

  it.each(['none', 'bubblewrap'] as const)('creates files that are its own, or as declared (%s)', async (isolation) => {
    using fixture = toolFixture(
      (folder) => {
        mkdirSync(join(folder, 'work'));
        const touch = (umask?: string) => ({
          description: 'creates',
          isolation,
          command: '/usr/bin/touch',
          arguments: [`made-${umask ?? 'plain'}`],
          directory: 'mount:/work',
          ...(isolation === 'none' ? {} : { mounts: ['/work rw'] }),
          ...(umask === undefined ? {} : { umask }),
        });
        return { plain: touch(), open: touch('022') };
      },
      { mounts: (folder) => [{ path: '/work', directory: join(folder, 'work'), access: 'rw' }] },
    );
    for (const tool of ['plain', 'open']) expect(await fixture.tools.call(tool, '{}')).toMatchObject({ exitCode: 0 });
    const modes = ['made-plain', 'made-022'].map((name) => statSync(join(fixture.folder, 'work', name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o644]);
  });

  it('has a session of its own and no terminal', async () => {
    using fixture = toolFixture({ probe: probeTool([], {}) });
    expect(await fixture.probe('probe', {})).toMatchObject({ session: true, terminal: false });
  });

  it('works in the declared directory: one of the host, a mount, or `/`', async () => {
    using fixture = toolFixture(
      (folder) => {
        mkdirSync(join(folder, 'work'));
        return {
          none: probeTool([], {}),
          host: probeTool([], {}, { directory: 'work' }),
          mount: probeTool([], {}, { directory: 'mount:/workspace' }),
        };
      },
      { mounts: (folder) => [{ path: '/workspace', directory: join(folder, 'work'), access: 'rw' }] },
    );
    const work = join(fixture.folder, 'work');
    expect((await fixture.probe('none', {})).cwd).toBe('/');
    expect((await fixture.probe('host', {})).cwd).toBe(work);
    expect((await fixture.probe('mount', {})).cwd).toBe(work);
  });

  it('refuses a working directory that is no mount of the run', () => {
    expect(() => toolFixture({ t: probeTool([], {}, { directory: 'mount:/nowhere' }) })).toThrow(/there is no mount/);
  });

  it('reads on standard input what the declared argument holds, and otherwise nothing', async () => {
    using fixture = toolFixture({ probe: probeTool([], { body: { type: 'string' } }, { stdin: 'body' }) });
    const body = `line\n\u{1f600}${'x'.repeat(50_000)}`;
    expect((await fixture.probe('probe', { body })).stdin).toBe(body);
    expect((await fixture.probe('probe', {})).stdin).toBe('');
  });
});
