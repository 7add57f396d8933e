import { spawnSync } from 'node:child_process';
import { openSync, closeSync, mkdirSync } from 'node:fs';
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
      expect(tool.filter((line) => !line.endsWith('/dev/null') && !/^\d+ \/proc\/\d+\/fd$/.test(line))).toEqual([
        expect.stringMatching(/^1 (socket|pipe):/),
        expect.stringMatching(/^2 (socket|pipe):/),
      ]);
      expect(tool).toContain('0 /dev/null');
      expect(tool).toContain('40 /dev/null');
    } finally {
      closeSync(outside);
    }
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
