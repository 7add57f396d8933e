import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExactMatcher, LARGEST_PATTERN_SET, type ExactPattern } from '../../host/redaction/exact-matcher.ts';
import { markOf, maskAll } from '../../host/redaction/mask-stream.ts';
import { bytesOf, cutsOf, everyByte, streamed, textOf } from './cutting.ts';

const pattern = (text: string, name = 'v'): ExactPattern => ({ bytes: bytesOf(text), name, mark: markOf(name) });
const mask = (patterns: readonly ExactPattern[], text: string): string =>
  textOf(maskAll(createExactMatcher(patterns), bytesOf(text)).bytes);

/** The definition, without any cleverness: occurrences that overlap are one, under the first and longest of them. */
function expected(patterns: readonly ExactPattern[], text: string): { text: string; finds: Record<string, number> } {
  const spans = patterns.flatMap(({ bytes, name }) => {
    const needle = textOf(bytes);
    const found: { start: number; end: number; name: string }[] = [];
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
      found.push({ start: at, end: at + needle.length, name });
    return found;
  });
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  let out = '';
  let end = 0;
  const finds: Record<string, number> = {};
  for (const span of spans) {
    if (span.start >= end) {
      out += text.slice(end, span.start) + markOf(span.name);
      finds[span.name] = (finds[span.name] ?? 0) + 1;
    }
    end = Math.max(end, span.end);
  }
  return { text: out + text.slice(end), finds: Object.fromEntries(Object.entries(finds).sort()) };
}

describe('exact values', () => {
  it('masks each one by its own mark', () => {
    expect(mask([pattern('hunter2', 'a'), pattern('swordfish', 'b')], 'x hunter2, swordfish.')).toBe(
      'x [redacted:a], [redacted:b].',
    );
  });

  it('gives back what it was given where nothing is found', () => {
    const bytes = bytesOf('nothing here but hunter');
    expect(maskAll(createExactMatcher([pattern('hunter2')]), bytes).bytes).toBe(bytes);
  });

  it('lets no byte of two that overlap pass', () => {
    expect(mask([pattern('abcd', 'a'), pattern('cdef', 'b')], 'xabcdefx')).toBe('x[redacted:a]x');
    expect(mask([pattern('bc', 'a'), pattern('abcd', 'b')], 'xabcdx')).toBe('x[redacted:b]x');
    expect(mask([pattern('ab', 'a'), pattern('abcd', 'b')], 'xabcdx abc')).toBe('x[redacted:b]x [redacted:a]c');
  });

  it('gives the same however the input is cut', () => {
    const letters = (max: number) =>
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A'), minLength: 1, maxLength: max });
    fc.assert(
      fc.property(
        fc.array(letters(5), { minLength: 1, maxLength: 5 }),
        letters(60).chain((text) => fc.tuple(fc.constant(text), cutsOf(text.length))),
        (values, [text, cuts]) => {
          const patterns = [...new Set(values)].map((value, index) => pattern(value, `v${index}`));
          const wanted = expected(patterns, text);
          for (const way of [cuts, everyByte(text.length), []]) {
            const { text: out, finds } = streamed(createExactMatcher(patterns), bytesOf(text), way);
            expect({ text: out, finds }).toEqual(wanted);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('emits no part of one before it is decided', () => {
    const masker = createExactMatcher([pattern('secret-value')]);
    const { pieces } = streamed(masker, bytesOf('a secret-valve secret-value'), everyByte(27));
    for (let end = 0; end <= pieces.length; end += 1)
      expect(pieces.slice(0, end).join('')).not.toMatch(/secret-valu?$/);
    expect(pieces.join('')).toBe('a secret-valve [redacted:v]');
  });

  it('holds back nothing where nothing has begun', () => {
    const { pieces } = streamed(createExactMatcher([pattern('secret')]), bytesOf('hello world'), [5]);
    expect(pieces).toEqual(['hello', ' world', '']);
  });

  it('takes either case where it is asked to', () => {
    const masker = createExactMatcher([pattern('aB%2f')], { foldCase: true });
    expect(textOf(maskAll(masker, bytesOf('Ab%2F ab%2f')).bytes)).toBe('[redacted:v] [redacted:v]');
  });

  it('takes steps in proportion to the text, whatever the patterns', () => {
    const size = 200_000;
    const nested = Array.from({ length: 300 }, (_, index) => pattern('a'.repeat(index + 1), `n${index}`));
    const failing = [pattern(`${'a'.repeat(2_000)}b`, 'f'), pattern(`${'a'.repeat(1_000)}c`, 'g')];
    for (const patterns of [nested, failing]) {
      for (const text of ['a'.repeat(size), 'aab'.repeat(size / 3), `${'a'.repeat(1_999)}c`.repeat(size / 2_000)]) {
        const cuts = Array.from({ length: 100 }, (_, index) => index * 997);
        expect(streamed(createExactMatcher(patterns), bytesOf(text), cuts).steps).toBeLessThanOrEqual(2 * size);
      }
    }
  });

  it('masks a million of them', () => {
    const { finds, text } = streamed(createExactMatcher([pattern('key!')]), bytesOf('key! '.repeat(1_000_000)), [7]);
    expect(finds).toEqual({ v: 1_000_000 });
    expect(text.length).toBe(1_000_000 * '[redacted:v] '.length);
  });

  it('refuses what it could not keep, and what is everywhere', () => {
    expect(() => createExactMatcher([pattern('')])).toThrow(RangeError);
    expect(() => createExactMatcher([pattern('x'.repeat(LARGEST_PATTERN_SET + 1))])).toThrow(RangeError);
  });

  it('masks nothing without patterns', () => {
    expect(mask([], 'anything')).toBe('anything');
  });
});
