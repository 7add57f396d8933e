import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeControl } from '../../host/contracts/escape.ts';

const unescape = (text: string) =>
  text.replace(
    /(\\+)(u\{([0-9a-f]+)\})?/g,
    (_, slashes: string, escape: string | undefined, hex: string | undefined) => {
      if (escape === undefined || hex === undefined) return slashes;
      const half = '\\'.repeat(Math.floor(slashes.length / 2));
      return slashes.length % 2 === 1 ? half + String.fromCodePoint(parseInt(hex, 16)) : half + escape;
    },
  );

const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

describe('escaped text', () => {
  it('is left as it is where it is harmless', () => {
    for (const text of ['plain text', 'C:\\temp\\new', 'über 日本 🙂', '\\n', 'a\\\\b'])
      expect(escapeControl(text)).toBe(text);
  });

  it('has nothing that a terminal or a log reader acts on', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat(0x10ffff).map((point) => String.fromCodePoint(point)) }),
        (text) => !UNSAFE.test(escapeControl(text)),
      ),
    );
  });

  it('cannot be mistaken for other text', () => {
    const unit = fc.constantFrom('\\', 'u', '{', '}', '1', 'b', '\u001b', '\n', '\u202e', 'x', 'u{1b}');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), fc.array(unit, { maxLength: 12 }), (one, other) => {
        const [a, b] = [one.join(''), other.join('')];
        return (escapeControl(a) === escapeControl(b)) === (a === b);
      }),
      { numRuns: 5000 },
    );
    expect(escapeControl('\\u{1b}')).toBe('\\\\u{1b}');
    expect(escapeControl('\u001b')).toBe('\\u{1b}');
    expect(unescape(escapeControl('\\u{1b}\\\u001b'))).toBe('\\u{1b}\\\u001b');
  });

  it('takes time in proportion to its length', () => {
    expect(escapeControl('\\'.repeat(2_000_000))).toHaveLength(2_000_000);
  });
});
