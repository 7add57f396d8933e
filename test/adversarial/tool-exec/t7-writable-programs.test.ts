import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import type { ToolMount } from '../../../host/gates/tool-exec/process-request.ts';
import { NODE, toolFixture } from '../../gates/tool-exec/tool-fixture.ts';

const mounts =
  (access: 'ro' | 'rw') =>
  (folder: string): ToolMount[] => [{ path: '/workspace', directory: join(folder, 'work'), access }];

function scriptTool(folder: string): ToolSection {
  mkdirSync(join(folder, 'work'));
  writeFileSync(join(folder, 'work/tool.mjs'), 'console.log("ran")');
  writeFileSync(join(folder, 'work/tool'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
  return {
    script: { description: 'd', isolation: 'none', command: NODE, arguments: [join(folder, 'work/tool.mjs')] },
    program: { description: 'd', isolation: 'none', command: join(folder, 'work/tool') },
  };
}

describe('T7: no tool runs what an agent could have written', () => {
  it('refuses programs and scripts in a writable mount', () => {
    expect(() => toolFixture(scriptTool, { mounts: mounts('rw') })).toThrow(/agents can write/);
  });

  it('runs them from a read-only mount', async () => {
    using fixture = toolFixture(scriptTool, { mounts: mounts('ro') });
    expect(await fixture.tools.call('script', '{}')).toMatchObject({ stdout: 'ran\n' });
    expect(await fixture.tools.call('program', '{}')).toMatchObject({ stdout: 'ran\n' });
  });
});
