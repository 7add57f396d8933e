import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attribute } from '../../host/contracts/request.ts';
import { escapeControl } from '../../host/contracts/escape.ts';
import { narrowestRow } from '../../host/policy/row-proposal.ts';
import { access, AGENT, CONTEXT, load, pointOf } from './fixture.ts';

type Arguments = Readonly<Record<string, Attribute>>;

const propose = (given: Arguments) => narrowestRow(load(''), AGENT, access('tool:call', 'tool:grep', given));

const whenOf = (given: Arguments): string => propose(given).lineToAdd?.split(', ')[4] ?? '';

function allows(line: string, given: Arguments): boolean {
  const point = pointOf(`${line}\n`);
  return point.decide([access('tool:call', 'tool:grep', given)], CONTEXT).effect === 'allow';
}

describe('the row for a denied call', () => {
  it.each<[Arguments, string]>([
    [{}, '-'],
    [{ file: 'secrets.log' }, 'arg.file=secrets.log'],
    [{ file: 'a', count: 3, force: true }, 'arg.file=a arg.count=3 arg.force=true'],
    [{ text: 'a b, (c|d) 100%' }, 'arg.text=a%20b%2C%20%28c%7Cd%29%20100%25'],
    [{ paths: ['a', 'b', 'a'] }, 'arg.paths=a|b'],
    [{ text: `it's "so"` }, 'arg.text~it*s%20*so*'],
    [{ text: 'a\u202eb\nc' }, 'arg.text~a*b*c'],
    [{ text: 'a\u00a0' }, 'arg.text~a*'],
  ])('tests the arguments %j', (given, when) => expect(whenOf(given)).toBe(when));

  it.each<[string, Arguments, string]>([
    ['an empty text', { text: '' }, 'arg.text'],
    ['an empty list', { paths: [] }, 'arg.paths'],
    ['a text of quotes alone', { text: `''` }, 'arg.text'],
    ['a text without end', { text: 'x'.repeat(10_000) }, 'arg.text'],
    ['a name that the tool does not publish', { nosuch: 'x' }, 'arg.nosuch'],
  ])('says that it leaves %s open', (_, given, name) => {
    const { lineToAdd, note } = propose({ file: 'a', ...given });
    expect(lineToAdd).toContain(', arg.file=a, allow, -');
    expect(note).toBe(`the row does not test \`${name}\``);
  });

  it.each<[string, string, Arguments, string]>([
    ['db:select', 'db:main/a', { columns: ['b', 'c'] }, 'arg.columns=b|c'],
    ['db:select', 'db:main/a', { columns: ['b'], statement: 'by-id' }, 'arg.columns=b arg.statement=by-id'],
    ['http:GET', 'https://h/a', { host: 'h', method: 'GET', 'body-bytes': 0, 'query.q': 'x' }, 'arg.query.q=x'],
    ['fs:write', '/w/a', { bytes: 12 }, '-'],
  ])(
    'of %s %s tests what is asked for, and neither what the resource says nor sizes',
    (action, resource, given, when) => {
      const { lineToAdd } = narrowestRow(load(''), AGENT, access(action, resource, given));
      expect(lineToAdd).toBe(`p, agent:a, ${action}, ${resource}, ${when}, allow, -`);
    },
  );

  it('says where it lets other characters pass', () => {
    expect(propose({ text: 'a\u00a0b', file: 'x' }).note).toBe(
      'in `arg.text` a `*` stands for characters that a row cannot hold',
    );
  });

  it('shows as it stands, loads, allows the call, and no call with another value', () => {
    const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), fc.boolean());
    const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
    const given = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), value, { maxKeys: 4 });
    fc.assert(
      fc.property(given, (attributes) => {
        const { lineToAdd = '', note } = propose(attributes);
        expect(escapeControl(lineToAdd)).toBe(lineToAdd);
        expect(allows(lineToAdd, attributes)).toBe(true);
        if (note !== undefined) return;
        for (const name of Object.keys(attributes)) {
          expect(allows(lineToAdd, { ...attributes, [name]: '\u2603 another' })).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });
});
