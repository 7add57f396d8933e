import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import { resolveTools, toolFixture, toolTagOf, type RawTool } from './tool-fixture.ts';

const schema = {
  type: 'object',
  properties: { count: { type: 'integer' } },
  required: ['count'],
  additionalProperties: false,
};

/** A tool that prints a text as it stands. */
function printer(printed: string, more: Partial<RawTool> = {}) {
  return (folder: string): ToolSection => {
    writeFileSync(join(folder, 'printed'), printed);
    return {
      t: {
        description: 'prints',
        isolation: 'none',
        command: '/bin/cat',
        arguments: [join(folder, 'printed')],
        output: 'json',
        ...more,
      },
    };
  };
}

describe('JSON from a program', () => {
  it.each(['{"count":1}', ' [1, 2] \n', '"text"', '7', 'null'])(
    'is handed over as it was written: %s',
    async (printed) => {
      using fixture = toolFixture(printer(printed));
      expect(await fixture.tools.call('t', '{}')).toMatchObject({ stdout: printed });
      expect(fixture.records.at(-1)?.outcome?.detail).toMatchObject({ trust: 'untrusted' });
    },
  );

  it.each([
    ['nothing', ''],
    ['not JSON', '{count:1}'],
    ['two values', '{"count":1}{"count":2}'],
    ['a value and a member', '1,"x":2'],
    ['a name twice', '{"count":1,"count":2}'],
    ['a number that cannot be held', '[9007199254740993]'],
    ['too much nesting', `${'['.repeat(100)}${']'.repeat(100)}`],
  ])('is a failed call where it is %s', async (_, printed) => {
    using fixture = toolFixture(printer(printed));
    expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('failed');
    expect(fixture.records.at(-1)?.outcome).toMatchObject({ status: 'error', code: 'not-json' });
  });

  it('is a failed call where it does not fit its schema', async () => {
    using fits = toolFixture(printer('{"count":1}', { result: schema }));
    expect(await fits.tools.call('t', '{}')).toMatchObject({ stdout: '{"count":1}' });
    for (const printed of ['{"count":"1"}', '{}', '{"count":1,"__proto__":{}}', '[]']) {
      using fixture = toolFixture(printer(printed, { result: schema }));
      expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('failed');
      expect(fixture.records.at(-1)?.outcome).toMatchObject({ code: 'not-the-schema' });
    }
  });

  it('is a failed call where it was cut', async () => {
    using fixture = toolFixture(printer('1234567890', { maxOutputBytes: 5 }));
    // The program may have ended by itself before the host could end it.
    const answer = await fixture.tools.call('t', '{}').then(
      ({ exitCode, truncated }) => ({ exitCode, truncated }),
      () => 'failed',
    );
    expect(['failed', { exitCode: 137, truncated: true }]).toContainEqual(answer);
  });

  it('is not asked of a program that failed', async () => {
    using fixture = toolFixture(printer('', { arguments: ['/no/such/file'] }));
    expect(await fixture.tools.call('t', '{}')).toMatchObject({ exitCode: 1, stdout: '' });
  });

  it('has a schema only where it is declared, and one that can be used', () => {
    const tool = (more: Partial<RawTool>): ToolSection => ({
      t: { description: 'd', isolation: 'none', command: '/bin/true', ...more },
    });
    expect(resolveTools(tool({ result: schema })).problems).toEqual(['tools.t.result: belongs to `output: json`']);
    expect(resolveTools(tool({ output: 'json', result: { tipe: 1 } })).problems[0]).toMatch(/not a usable JSON Schema/);
  });
});
