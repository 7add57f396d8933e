import { describe, expect, it } from 'vitest';
import { probeTool, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';

describe('T5: output is bounded', () => {
  it('cuts and ends a program that writes without end', async () => {
    using fixture = toolFixture({ flood: probeTool(['do:flood'], {}, { maxOutputBytes: 1000 }) });
    const { stdout, truncated, exitCode } = await fixture.tools.call('flood', '{}');
    expect(stdout).toBe('x'.repeat(1000));
    expect({ truncated, exitCode }).toEqual({ truncated: true, exitCode: 137 });
    expect(fixture.records.at(-1)?.outcome).toMatchObject({
      bytesIn: 1000,
      detail: { truncated: true, trust: 'untrusted' },
    });
  });

  it('carries no more than one call may, however the bytes are spelled', async () => {
    using fixture = toolFixture({ flood: probeTool(['do:flood'], {}) }, { callBytes: 4000 });
    expect((await fixture.tools.call('flood', '{}')).stdout).toHaveLength(2000);
    using binary = toolFixture({ bytes: probeTool(['do:bytes=2000'], {}) }, { callBytes: 4000 });
    expect(await toolTagOf(binary.tools.call('bytes', '{}'))).toBe('too-large');
  });

  it('replaces bytes that are not text', async () => {
    using fixture = toolFixture({ bytes: probeTool(['do:bytes'], {}) });
    expect((await fixture.tools.call('bytes', '{}')).stdout).toBe('a\ufffdb\ufffd');
  });

  it('returns the whole of an output of exactly the greatest size', async () => {
    using fixture = toolFixture({
      echo: { description: 'd', isolation: 'none', command: '/bin/echo', arguments: ['123'], maxOutputBytes: 4 },
    });
    expect(await fixture.tools.call('echo', '{}')).toMatchObject({ stdout: '123\n', truncated: false, exitCode: 0 });
  });
});
