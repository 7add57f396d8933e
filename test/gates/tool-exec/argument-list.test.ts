import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argvOf } from '../../../host/gates/tool-exec/argument-list.ts';
import type { TemplateItem } from '../../../host/gates/tool-exec/argument-list.ts';

const value = (name: string, prefix = '', operand = false, listed: string[] = []): TemplateItem => ({
  kind: 'value',
  name,
  prefix,
  operand,
  listed,
});
const literal = (text: string): TemplateItem => ({ kind: 'literal', text });

const scalar = fc.oneof(fc.string(), fc.constantFrom('-', '--', '-x', '@f', '', '\0'), fc.integer(), fc.boolean());
const member = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }), fc.jsonValue());

describe('the argument list', () => {
  it('has no item that a value turned into an option, and each value in one item', () => {
    fc.assert(
      fc.property(member, member, member, (bare, glued, operand) => {
        const template = [
          literal('cmd'),
          value('bare'),
          value('glued', '--glued='),
          literal('--'),
          value('operand', '', true),
        ];
        const filled = argvOf(template, { bare, glued, operand });
        if ('refused' in filled) return;
        const { items } = filled;
        const end = items.indexOf('--');
        for (const item of items.slice(1, end)) expect(item).toMatch(/^(?![-@])|^--glued=/);
        const lengths = [bare, glued, operand].map((given) => (Array.isArray(given) ? given.length : 1));
        expect(items).toHaveLength(2 + lengths.reduce((sum, length) => sum + length, 0));
        for (const item of items) expect(item).not.toContain('\0');
      }),
      { numRuns: 2000 },
    );
  });

  it('takes members by their own name only', () => {
    expect(argvOf([value('toString'), value('__proto__'), value('constructor')], {})).toEqual({ items: [] });
  });

  it('takes no object and no null', () => {
    for (const given of [null, { a: 1 }, [null], [[1]], [{}]]) {
      expect(argvOf([value('v')], { v: given })).toHaveProperty('refused');
    }
  });
});
