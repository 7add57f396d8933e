import { describe, expect, it } from 'vitest';
import { toolConfig, type ToolSection } from '../../../host/gates/tool-exec/config.ts';
import { createPathProbe } from '../../../host/powers/path-probe.ts';
import { resolveTools } from './tool-fixture.ts';

const tool = (more: object): ToolSection => ({ t: { description: 'd', command: '/bin/true', ...more } });

describe('how a program is confined', () => {
  it('is in a sandbox under limits, unless `none` is asked for by name', () => {
    const [isolated] = resolveTools(tool({})).config.tools;
    expect(isolated).toMatchObject({
      confinement: {
        sandbox: { mounts: [], readOnly: [], network: false },
        umask: 0o077,
        limits: { processes: 256, openFiles: 1024 },
      },
    });
    const [bare] = resolveTools(tool({ isolation: 'none', limits: { cpu: 5 }, umask: '022' })).config.tools;
    expect(bare).toMatchObject({ confinement: { umask: 0o022, limits: { cpuSeconds: 5 } } });
    expect(bare).toHaveProperty('confinement.sandbox', undefined);
    expect(bare).toHaveProperty('confinement.limits.processes', undefined);
  });

  it('refuses a configuration that needs a sandbox where none can be made, and says what to do', () => {
    const problems: string[] = [];
    const probe = { ...createPathProbe(), sandbox: () => 'bubblewrap is not installed' };
    const context = { directory: '/', probe, problem: (_: unknown, message: string) => void problems.push(message) };
    toolConfig.resolve(tool({ isolation: 'none' }), context);
    expect(problems).toEqual([]);
    toolConfig.resolve(tool({}), context);
    expect(problems).toEqual([
      'bubblewrap is not installed; install the package `bubblewrap`, or say `isolation: none`',
    ]);
  });

  it.each([
    ['a place of the sandbox', { mounts: ['/usr/local rw'] }, /`\/usr\/local` is a place that the sandbox has/],
    ['a system directory to read', { readOnly: ['/etc'] }, /a place that the sandbox has/],
    ['a directory that is not there', { readOnly: ['/no/such'] }, /is not a directory/],
    ['a working directory of the host', { directory: '/tmp' }, /the working directory is a mount/],
    ['a sandbox and none', { isolation: 'none', mounts: ['/workspace'] }, /there is no sandbox/],
    ['no memory', { limits: { memory: 0 } }, /expected more than nothing/],
  ])('refuses %s', (_, more, message) => {
    const { problems } = resolveTools(tool(more));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  it('refuses unknown words', () => {
    for (const more of [
      { isolation: 'docker' },
      { mounts: ['workspace'] },
      { mounts: ['/a rwx'] },
      { mounts: ['/ rw'] },
      { limits: { ram: 1 } },
      { umask: '8' },
    ])
      expect(() => toolConfig.schema.parse(tool(more))).toThrow();
  });
});
