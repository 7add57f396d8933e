import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeTool, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';
import { optionInjections } from './injection-strings.ts';

const OPTIONS = [
  '-',
  '--',
  '-x',
  '--help',
  '--output=/etc/passwd',
  '-oProxyCommand=id',
  '--upload-pack=id',
  '-c core.pager=id',
  '@file',
  '@',
];
const text = { type: 'string' };

describe('T2: a value does not become an option', () => {
  it.each(OPTIONS)('refuses `%s` where a program would read an option', async (value) => {
    using fixture = toolFixture({
      probe: probeTool(['show', '{value}'], { value: text }),
      list: probeTool(['{values}'], { values: { type: 'array', items: text } }),
    });
    expect(await toolTagOf(fixture.tools.call('probe', JSON.stringify({ value })))).toBe('invalid-arguments');
    expect(await toolTagOf(fixture.tools.call('list', JSON.stringify({ values: ['fine', value] })))).toBe(
      'invalid-arguments',
    );
    expect(fixture.runs).toEqual([]);
  });

  it('refuses 800 of them, and starts nothing', async () => {
    using fixture = toolFixture({ probe: probeTool(['show', '{value}'], { value: text }) });
    const texts = optionInjections();
    expect(texts).toHaveLength(800);
    for (const value of texts)
      expect([value, await toolTagOf(fixture.tools.call('probe', JSON.stringify({ value })))]).toEqual([
        value,
        'invalid-arguments',
      ]);
    expect(fixture.runs).toEqual([]);
  });

  it.each(['none', 'bubblewrap'] as const)(
    'hands 800 of them over as operands, where they cannot be options (%s)',
    async (isolation) => {
      using fixture = toolFixture({
        probe: probeTool(
          ['--text={values}', '--', '{values}'],
          { values: { type: 'array', items: text } },
          { isolation },
        ),
      });
      const texts = optionInjections().filter((value) => !value.startsWith('@'));
      for (let start = 0; start < texts.length; start += 200) {
        const values = texts.slice(start, start + 200);
        const { argv } = await fixture.probe('probe', { values });
        expect(argv).toEqual([...values.map((value) => `--text=${value}`), '--', ...values]);
      }
    },
    60_000,
  );

  it('refuses a negative number as an item of its own', async () => {
    using fixture = toolFixture({ probe: probeTool(['{n}'], { n: { type: 'integer' } }) });
    expect(await toolTagOf(fixture.tools.call('probe', '{"n":-5}'))).toBe('invalid-arguments');
    expect((await fixture.probe('probe', { n: 5 })).argv).toEqual(['5']);
  });

  it('lets a dash through behind `--`, behind a fixed prefix, and where the schema lists the value', async () => {
    using fixture = toolFixture({
      probe: probeTool(['{mode}', '--message={text}', '-n{n}', '--', '{text}'], {
        mode: { enum: ['--oneline', '--stat'] },
        text,
        n: { type: 'integer' },
      }),
    });
    const { argv } = await fixture.probe('probe', { mode: '--stat', text: '--all', n: -3 });
    expect(argv).toEqual(['--stat', '--message=--all', '-n-3', '--', '--all']);
    expect(await toolTagOf(fixture.tools.call('probe', '{"mode":"--output=x","text":"a","n":1}'))).toBe(
      'invalid-arguments',
    );
  });

  it('refuses a file of options even behind `--`', async () => {
    using fixture = toolFixture({ probe: probeTool(['--', '{text}'], { text }) });
    expect(await toolTagOf(fixture.tools.call('probe', '{"text":"@response-file"}'))).toBe('invalid-arguments');
  });

  it('reads with `grep` exactly the file that was named', async () => {
    using fixture = toolFixture(() => ({
      grep: {
        description: 'searches a file',
        isolation: 'none',
        command: '/bin/grep',
        arguments: ['-e', '{pattern}', '--', '{file}'],
        schema: {
          type: 'object',
          properties: { pattern: text, file: text },
          required: ['pattern', 'file'],
          additionalProperties: false,
        },
        directory: '.',
      },
    }));
    writeFileSync(join(fixture.folder, '-r'), 'needle in a file called -r\n');
    writeFileSync(join(fixture.folder, 'other'), 'needle in another\n');
    const { stdout } = await fixture.tools.call('grep', '{"pattern":"needle","file":"-r"}');
    expect(stdout).toBe('needle in a file called -r\n');
    expect(await toolTagOf(fixture.tools.call('grep', '{"pattern":"--file=/etc/passwd","file":"other"}'))).toBe(
      'invalid-arguments',
    );
  });
});
