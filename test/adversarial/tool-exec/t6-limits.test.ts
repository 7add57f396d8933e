import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import { probeTool, toolFixture } from '../../gates/tool-exec/tool-fixture.ts';

const both = ['none', 'bubblewrap'] as const;
type RawTool = ToolSection[string];

function limited(behaviour: string, isolation: (typeof both)[number], limits: object): (folder: string) => ToolSection {
  return (folder: string): Record<string, RawTool> => {
    mkdirSync(join(folder, 'work'));
    const shown = isolation === 'none' ? {} : { mounts: ['/work rw'] };
    return {
      t: probeTool([`do:${behaviour}`], {}, { isolation, limits, directory: 'mount:/work', timeout: '20s', ...shown }),
    };
  };
}
const options = {
  mounts: (folder: string) => [{ path: '/work', directory: join(folder, 'work'), access: 'rw' as const }],
};

describe('T6: a program gets no more of the machine than it is given', () => {
  it.each(both)('no more memory, and as much as that (%s)', async (isolation) => {
    using tight = toolFixture(limited('memory=600', isolation, { memory: '256MiB' }), options);
    const { exitCode, stdout } = await tight.tools.call('t', '{}');
    expect(exitCode).toBeGreaterThan(0);
    expect(stdout).toBe('');
    using wide = toolFixture(limited('memory=200', isolation, { memory: '2GiB' }), options);
    expect(await wide.tools.call('t', '{}')).toMatchObject({ exitCode: 0, stdout: 'held 200\n' });
  });

  it.each(both)('no more processes: a bomb ends with all that it started (%s)', async (isolation) => {
    using fixture = toolFixture(limited('processes=300', isolation, { processes: 40 }), options);
    const { exitCode, stdout } = await fixture.tools.call('t', '{}');
    expect(exitCode).toBeGreaterThan(0);
    expect(stdout).toBe('');
    using few = toolFixture(limited('processes=10', isolation, { processes: 40 }), options);
    expect(await few.tools.call('t', '{}')).toMatchObject({ exitCode: 0, stdout: 'they run\n' });
  });

  it.each(both)('no longer files (%s)', async (isolation) => {
    using fixture = toolFixture(limited('write=3000000', isolation, { fileSize: '1MiB' }), options);
    expect((await fixture.tools.call('t', '{}')).exitCode).toBeGreaterThan(0);
    const path = join(fixture.folder, 'work/big');
    expect(existsSync(path) ? statSync(path).size : 0).toBeLessThanOrEqual(1 << 20);
  });

  it.each(both)(
    'no more CPU time (%s)',
    async (isolation) => {
      using fixture = toolFixture(limited('spin', isolation, { cpu: 1 }), options);
      expect((await fixture.tools.call('t', '{}')).exitCode).toBeGreaterThan(128);
    },
    30_000,
  );

  it.each(both)('no more descriptors (%s)', async (isolation) => {
    using fixture = toolFixture(limited('open=200', isolation, { openFiles: 100 }), options);
    expect((await fixture.tools.call('t', '{}')).exitCode).toBeGreaterThan(0);
  });
});
