import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN } from '../../host/redaction/builtin.ts';
import { createScanner } from '../../host/redaction/scanner.ts';
import { bytesOf, cutsOf, everyByte, streamed } from './cutting.ts';
import { everything, found } from './finding.ts';

const PEM = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----';
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
/** Whole finds, nearly finds, and the edges that decide between them. */
const PIECES = [
  ...[
    'ada@example.com',
    'ada%40example.com',
    'a\\u0040example.org',
    'x&#64;example.com',
    '@',
    'a@b',
    'jörg@bücher.example',
  ],
  ...['4111111111111111', '4111 1111 1111 1111', '4111-1111-1111-1112', '378282246310005', '3782 822463 10005'],
  ...['DE89370400440532013000', 'de89 3704 0044 0532 0130 00', 'GB82-WEST-1234-5698-7654-32', 'DE00370400440532013000'],
  ...['+49 30 901820', '(212) 555-0100', '1-800-555-0199', '01 23 45 67 89', '+', '0', '00'],
  ...[
    '192.0.2.1',
    '2001:db8::1',
    '::1',
    '::ffff:192.0.2.128',
    '1.2.3.4.5',
    '10:15:30',
    'fe80:',
    '2001:db8:1:2:3:4:5:6',
  ],
  ...['AKIAIOSFODNN7EXAMPLE', `ghp_${'a1B2'.repeat(9)}`, JWT, 'sk-', 'sk-proj-abcdefgh1234567890xy', 'eyJ', 'AKIA'],
  ...[PEM, '-----BEGIN ', '-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', '-----', '-'],
  ...[
    ' ',
    '.',
    ',',
    '\n',
    '\\n',
    't',
    '/',
    '212',
    '1234',
    '12345678901234567890',
    'ab12',
    'x',
    '\\r',
    '"',
    '=',
    '(',
    ')',
    ':',
    '\u00e9',
    '中',
    '1',
    '23',
    'a',
    'Z',
    '_',
    '/',
    '<',
    '\0',
  ],
];
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join('')));

describe('a scan', () => {
  it('gives the same however the text is cut', () => {
    fc.assert(
      fc.property(
        text.chain((bytes) => fc.tuple(fc.constant(bytes), cutsOf(bytes.length))),
        ([bytes, cuts]) => {
          const whole = streamed(everything, bytes, []);
          for (const way of [cuts, everyByte(bytes.length)]) {
            const { text: out, finds } = streamed(everything, bytes, way);
            expect({ out, finds }).toEqual({ out: whole.text, finds: whole.finds });
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('gives the same by each detector alone', () => {
    for (const detector of BUILT_IN) {
      const scanner = createScanner([detector]);
      fc.assert(
        fc.property(text, (bytes) => {
          const whole = streamed(scanner, bytes, []);
          const { text: out, finds } = streamed(scanner, bytes, everyByte(bytes.length));
          expect({ out, finds }).toEqual({ out: whole.text, finds: whole.finds });
        }),
        { numRuns: 400 },
      );
    }
  });

  it('asks everybody who has something to say', () => {
    const eager = createScanner(
      BUILT_IN.map((one) => ({ ...one, mayBe: () => true, mayFollow: () => true, mayPrecede: () => true })),
    );
    fc.assert(
      fc.property(text, (bytes) => {
        const { text: out, finds } = streamed(everything, bytes, []);
        const all = streamed(eager, bytes, []);
        expect({ out, finds }).toEqual({ out: all.text, finds: all.finds });
      }),
      { numRuns: 1500 },
    );
  });

  it('finds nothing in its own marks', () => {
    fc.assert(
      fc.property(text, (bytes) => {
        const once = streamed(everything, bytes, []);
        expect(
          streamed(everything, bytesOf(once.text), []).text.match(/\[redacted:/g)?.length ?? 0,
        ).toBeGreaterThanOrEqual(once.text.match(/\[redacted:/g)?.length ?? 0);
      }),
    );
  });

  it('emits no part of a find before it is decided', () => {
    for (const value of ['ada.lovelace@example.com', '4111111111111111', 'DE89370400440532013000', '192.0.2.17', JWT]) {
      const { pieces } = streamed(everything, bytesOf(`to ${value} now`), everyByte(value.length + 7));
      let out = '';
      for (const piece of pieces) {
        out += piece;
        expect(out).toMatch(/^(?:t|to| |\[redacted:[a-z-]+\]| n?o?w?)*$/);
      }
    }
  });

  it('holds back no more than what may still become a find', () => {
    const { pieces } = streamed(everything, bytesOf('hello world, this is it'), [12]);
    expect(pieces).toEqual(['hello world,', ' this is ', 'it']);
  });

  it('takes the first of two that overlap, and scans what is left', () => {
    expect(found('4111111111111111@example.com')).toBe('[redacted:card]@example.com');
    expect(found('ada@example.com,bob@example.com')).toBe('[redacted:email],[redacted:email]');
    expect(found('+4111111111111111')).not.toContain('1111');
  });

  it('replaces what is no text by one mark', () => {
    expect(found('ada@example.com\0\0ada@example.com')).toBe('[redacted:email][redacted:binary]');
    expect(found(Buffer.from('ada@example.com', 'utf16le').toString('latin1'))).toBe('a[redacted:binary]');
    expect(found(Buffer.from('\ufeffada@example.com', 'utf16le').swap16().toString('latin1'))).toContain(
      '[redacted:binary]',
    );
  });

  it('reads past a byte order mark and bytes that are not UTF-8', () => {
    expect(found('\ufeffada@example.com')).toMatch(/^(\ufeff)?\[redacted:email\]$/);
    expect(streamed(everything, bytesOf('\xff\xfe ada@example.com \xc3'), []).text).toBe(
      '\xff\xfe [redacted:email] \xc3',
    );
  });

  it('masks a million finds', () => {
    const { finds } = streamed(everything, bytesOf('192.0.2.1 '.repeat(1_000_000)), [65_536]);
    expect(finds).toEqual({ ip: 1_000_000 });
  });

  it('takes nothing for empty pieces', () => {
    expect(streamed(everything, bytesOf('ada@example.com'), [0, 0, 3, 3, 3]).text).toBe('[redacted:email]');
  });
});
