import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN } from '../../host/redaction/builtin.ts';
import { chain } from '../../host/redaction/chain.ts';
import type { DetectorConfig } from '../../host/redaction/detector-config.ts';
import { createExactMatcher } from '../../host/redaction/exact-matcher.ts';
import { markOf, maskAll, type Masker } from '../../host/redaction/mask-stream.ts';
import { createRedactors } from '../../host/redaction/redactor.ts';
import { createScanner } from '../../host/redaction/scanner.ts';
import { plainMaskJson } from './plain-json.ts';

const OWN: DetectorConfig = new Map([
  ['own', { values: ['kettle', 'blue', 'le\\n'], valuesFrom: undefined, columns: [], fields: ['salary', 'né'] }],
]);
const redactors = createRedactors(OWN);
const NAMES = [...BUILT_IN.map(({ name }) => name), 'own'];
const PEM = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n';
/** Whole finds, beginnings and ends of them, and what stands between tokens. */
const PARTS = [
  ...['ada@example.com', 'ada', '@example.com', 'x%40example.com', '4111111111111111', '4111 1111', ' 1111 1111'],
  ...[
    'DE89370400440532013000',
    'DE89',
    '192.0.2.1',
    '192.0',
    '.2.1',
    '2001:db8::1',
    '::',
    '1',
    ':',
    '+49 30 901820',
    '+49',
  ],
  ...[
    '(212) 555-0100',
    'AKIAIOSFODNN7EXAMPLE',
    'AKIA',
    `${PEM}-----END PRIVATE KEY-----`,
    PEM,
    '-----END PRIVATE KEY-----',
  ],
  ...[
    'blue kettle',
    'bl',
    'ue',
    'né',
    'salary',
    '\0',
    '\n',
    '"',
    '\\',
    '{',
    '[',
    '{"m":"ada@example.com"}',
    '[1,"blue"]',
  ],
  ...['\ud800', '中', '', ' ', 'eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxIn0.c2ln', ' 日本語'],
];
const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 4 }).map((parts) => parts.join(''));
const number = fc.constantFrom(0, -1.5, 4111111111111111, 1e21, 301234567, 212);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    number,
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    tie('value').map((value) => JSON.stringify(value)),
  ),
})).value;
/** Blanks and escapes as somebody may write them. */
const written = fc.tuple(json, fc.constantFrom(0, 1, '\t'), fc.boolean()).map(([value, indent, escaped]) => {
  const plain = JSON.stringify(value, undefined, indent);
  return escaped ? plain.replace(/[@.ab1é]/g, escapedInStrings(plain)) : plain;
});

/** Escapes a sign where it stands in a string. */
function escapedInStrings(whole: string) {
  return (sign: string, at: number): string => {
    const before = whole.slice(0, at).replace(/\\./g, '');
    const isInside = before.split('"').length % 2 === 0 && whole.charAt(at - 1) !== '\\';
    return isInside && !/\\u.{0,3}$/.test(whole.slice(0, at))
      ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
      : sign;
  };
}

const own = OWN.get('own')?.values ?? [];
const exact = createExactMatcher(own.map((value) => ({ bytes: Buffer.from(value), name: 'own', mark: markOf('own') })));
const MASKERS: readonly (readonly [string, Masker])[] = [
  ['a scanner', createScanner(BUILT_IN)],
  ['exact values', exact],
  ['both', chain([exact, createScanner(BUILT_IN)])],
];

describe('a JSON text', () => {
  it('comes out as if each token were masked alone', () => {
    fc.assert(
      fc.property(written, (document) => {
        const oneByOne = redactors.begin(NAMES)!;
        const wanted = plainMaskJson(document, {
          text: (value) => oneByOne.text(value),
          member: (name) =>
            ['salary', 'né'].includes(name.toLowerCase()) ? (oneByOne.masked(markOf('own')), markOf('own')) : undefined,
        });
        const atOnce = redactors.begin(NAMES)!;
        const got = atOnce.json(document);
        // A lone half of a character cannot be written as UTF-8.
        expect(got).toBe(wanted?.toWellFormed() === document.toWellFormed() ? document : wanted?.toWellFormed());
        expect(atOnce.counts()).toEqual(oneByOne.counts());
      }),
      { numRuns: 300 },
    );
  });

  it.each(MASKERS)('has parts that know nothing of each other, to %s', (_, masker) => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (values) => {
        const parts = values.map((value) => Buffer.from(value.replaceAll('\0', '')));
        const { masked, finds } = masker.parts(Buffer.concat(parts.flatMap((part) => [part, Buffer.from([0])])));
        const alone = parts.map((part) => maskAll(masker, part));
        const changed = alone.flatMap(({ bytes, finds: own }, index) => (own.size > 0 ? [[index, textOf(bytes)]] : []));
        expect([...masked].map(([index, bytes]) => [index, textOf(bytes)])).toEqual(changed);
        const sum = alone.reduce((total, { finds: own }) => total + [...own.values()].reduce((a, b) => a + b, 0), 0);
        expect([...finds.values()].reduce((a, b) => a + b, 0)).toBe(sum);
      }),
      { numRuns: 500 },
    );
  });
});

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
