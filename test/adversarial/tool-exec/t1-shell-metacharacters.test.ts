import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeTool, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';
import { commandInjections } from './injection-strings.ts';

const VALUES = [
  '; id',
  '| id',
  '& id',
  '&& id',
  '|| id',
  '`id`',
  '$(id)',
  '${HOME}',
  '$HOME',
  '%PATH%',
  '> out',
  '< /etc/passwd',
  '>(id)',
  '*',
  '?',
  '~',
  '~root',
  '{a,b}',
  '!id',
  "'",
  '"',
  `'"; id; "'`,
  '\\',
  'a\nb',
  'a\r\nid',
  '\t',
  ' leading',
  'trailing ',
  '',
  '\u202eid',
  '\u{1f600}',
  '{branch}',
  '{{',
  'x'.repeat(10_000),
];

describe('T1: no text is more than one item of the argument list', () => {
  it('hands every value over byte for byte', async () => {
    using fixture = toolFixture({
      probe: probeTool(['{values}', '--glued={values}'], { values: { type: 'array', items: { type: 'string' } } }),
    });
    const { argv } = await fixture.probe('probe', { values: VALUES });
    expect(argv).toEqual([...VALUES, ...VALUES.map((value) => `--glued=${value}`)]);
  });

  it.each(['none', 'bubblewrap'] as const)(
    'changes nothing for 1,100 hostile texts, each an item of its own (%s)',
    async (isolation) => {
      using fixture = toolFixture({
        probe: probeTool(
          ['{values}', '--glued={values}'],
          { values: { type: 'array', items: { type: 'string' } } },
          { isolation },
        ),
      });
      const trap = join(fixture.folder, 'trap');
      const texts = commandInjections(trap);
      expect(texts).toHaveLength(1100);
      for (let start = 0; start < texts.length; start += 100) {
        // What would be read as an option is refused, which T2 looks at.
        const values = texts.slice(start, start + 100).map((text) => (/^[-@]/.test(text) ? `x${text}` : text));
        const { argv } = await fixture.probe('probe', { values });
        expect(argv).toEqual([...values, ...values.map((value) => `--glued=${value}`)]);
      }
      expect(existsSync(trap)).toBe(false);
    },
    60_000,
  );

  it('runs nothing that a value names', async () => {
    using fixture = toolFixture({ probe: probeTool(['{value}'], { value: { type: 'string' } }) });
    const trap = join(fixture.folder, 'trap');
    for (const value of [`; touch ${trap}`, `$(touch ${trap})`, `\`touch ${trap}\``, `a\ntouch ${trap}`]) {
      expect((await fixture.probe('probe', { value })).argv).toEqual([value]);
    }
    expect(existsSync(trap)).toBe(false);
  });

  it('refuses a NUL, at which the kernel would cut the value', async () => {
    using fixture = toolFixture({ probe: probeTool(['{value}', '--x={value}'], { value: { type: 'string' } }) });
    expect(await toolTagOf(fixture.tools.call('probe', '{"value":"a\\u0000b"}'))).toBe('invalid-arguments');
    expect(fixture.runs).toEqual([]);
  });
});
