import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../host/contracts/secret.ts';
import { createSecretMask } from '../../host/runs/secret-mask.ts';

const VALUES = [
  'ghp_plainToken0123456789',
  String.raw`p@ss/w"or'd\<&>+=%~*!()`,
  'schlüssel-☃-𝄞-end',
  '(.*)+[a-z]{2}^$|\\d',
  'ab cd ef gh',
  'line one\nline two\ttab',
];

/** Everything that a mirror would make of a text. Each tells its encoding. */
const MIRRORS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'upper case': (text) => text.replace(/[a-z]/g, (one) => one.toUpperCase()),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex, upper case': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  encodeURIComponent: encodeURIComponent,
  'encodeURIComponent, lower case': (text) => encodeURIComponent(text).replace(/%../g, (one) => one.toLowerCase()),
  encodeURI,
  form: (text) => new URLSearchParams({ v: text }).toString(),
  'every byte in percent': (text) => [...Buffer.from(text)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join(''),
  json: (text) => JSON.stringify({ headers: { authorization: text } }),
  'json with \\/': (text) => JSON.stringify(text).replaceAll('/', '\\/'),
  'json in ASCII': (text) => JSON.stringify(text).replace(/[^\0-\x7f]/g, unit),
  'json safe for HTML': (text) => JSON.stringify(text).replace(/[<>&']/g, unit),
  'json in json': (text) => JSON.stringify(JSON.stringify({ text })),
  'json, every unit': (text) => `"${text.split('').map(unit).join('')}"`,
  html: (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`),
  'html, by name': (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
};
const unit = (one: string): string => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;

const cases = VALUES.flatMap((value) => Object.keys(MIRRORS).map((mirror) => [mirror, value] as const));

describe('the mask of secrets', () => {
  it.each(cases)('hides %s of %j, wherever it stands', (mirror, value) => {
    const encode = MIRRORS[mirror] ?? String;
    const mask = createSecretMask([value]);
    for (const before of ['', 'x', 'xy', 'xyz', 'Bearer ']) {
      // What stands around it is encoded with it, as a mirror does that encodes a whole header or a whole document.
      const text = encode(`${before}${value}zz`);
      const masked = mask.text(text);
      expect(masked).toContain('[secret]');
      expect(leftOf(encode(value), masked)).toEqual([]);
    }
  });

  it.each(VALUES)('hides %j cut at every position, in one piece less or more', (value) => {
    const mask = createSecretMask([value]);
    for (const encode of Object.values(MIRRORS)) {
      const bytes = Buffer.from(`before ${encode(value)} after`);
      const whole = Buffer.from(mask.bytes(bytes)).toString();
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const stream = mask.stream();
        const pieces = [stream.push(bytes.subarray(0, cut)), stream.push(bytes.subarray(cut)), stream.end()];
        expect(Buffer.concat(pieces).toString()).toBe(whole);
      }
      const stream = mask.stream();
      const bytewise = [...bytes].map((_, index) => Buffer.from(stream.push(bytes.subarray(index, index + 1))));
      expect(Buffer.concat([...bytewise, stream.end()]).toString()).toBe(whole);
    }
  });

  it('hides two values that stand close together or in one another', () => {
    const mask = createSecretMask(['first-secret', 'secret-second', 'first-secret-second']);
    expect(mask.text('first-secret-second first-secret secret-second')).toBe('[secret] [secret] [secret]');
    expect(mask.text('first-secretsecret-second')).toMatch(/^\[secret\](\[secret\])?$/);
  });

  it('hides the digits of base64 at both ends, which hold bits of a neighbour', () => {
    const value = 'ghp_plainToken0123456789';
    const mask = createSecretMask([value]);
    for (let neighbour = 0; neighbour < 256; neighbour += 7) {
      for (const [before, after] of [
        [0, 1],
        [1, 1],
        [2, 1],
        [1, 2],
        [2, 2],
        [0, 0],
        [1, 0],
      ] as const) {
        const around = [Buffer.alloc(before, neighbour), Buffer.from(value), Buffer.alloc(after, neighbour)];
        const digits = (bytes: number): number => (bytes * 8) / 6;
        const behind = Math.ceil(digits(before + value.length + after)) - Math.ceil(digits(before + value.length));
        const foreign = Math.floor(digits(before)) + behind;
        const masked = mask.text(Buffer.concat(around).toString('base64'));
        expect(masked.replace('[secret]', '').replace(/=*$/, '').length).toBe(foreign);
      }
    }
  });

  it('says nothing about which value it was, nor how long', () => {
    const mask = createSecretMask(['short-one', 'a-very-much-longer-value-0123456789']);
    expect(mask.text('short-one')).toBe(mask.text('a-very-much-longer-value-0123456789'));
  });

  it('leaves other text as it is, in the same memory', () => {
    const mask = createSecretMask(['ghp_plainToken0123456789']);
    const bytes = Buffer.from('ghp_plainToken is not it, nor is ghp_');
    expect(mask.text(bytes.toString())).toBe(bytes.toString());
    expect(Buffer.from(mask.bytes(bytes)).equals(bytes)).toBe(true);
    const binary = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xff]);
    expect(Buffer.from(mask.bytes(binary)).equals(binary)).toBe(true);
  });

  it('leaves out the end of what was cut off, as much of it whatever it is', () => {
    const value = 'ghp_plainToken0123456789';
    const mask = createSecretMask([value]);
    const other = 'x'.repeat(value.length);
    const before = 'y'.repeat(1000);
    for (let length = 0; length < value.length; length += 1) {
      const shown = (text: string) =>
        Buffer.from(mask.bytes(Buffer.from(before + text.slice(0, length)), 'cut')).toString();
      expect(shown(value)).toBe(shown(other));
      expect(shown(value)).toMatch(/^y+$/);
    }
  });

  it('finds a value in bytes that are no text', () => {
    const mask = createSecretMask(['ghp_plainToken0123456789']);
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xc3]),
      Buffer.from('ghp_plainToken0123456789'),
      Buffer.from([0x80]),
    ]);
    expect(Buffer.from(mask.bytes(bytes)).toString('latin1')).toBe('\xff\xc3[secret]\x80');
    const wide = Buffer.from('ghp_plainToken0123456789', 'utf16le');
    expect(Buffer.from(mask.bytes(wide)).toString()).toBe('[secret]');
  });
});

describe('whoever guesses a value in parts', () => {
  const value = 'ghp_plainToken0123456789';
  const mask = createSecretMask([value]);

  it('sees no difference between the beginning of it and other text, in what passes and when', () => {
    for (const encode of Object.values(MIRRORS)) {
      const right = Buffer.from(encode(value.slice(0, -1)));
      const wrong = Buffer.from(right).fill('z');
      const [one, other] = [mask.stream(), mask.stream()];
      one.push(Buffer.alloc(4000, 'y'));
      other.push(Buffer.alloc(4000, 'y'));
      const passed = [...right].map((_, index) => [
        one.push(right.subarray(index, index + 1)).length,
        other.push(wrong.subarray(index, index + 1)).length,
      ]);
      expect(passed.every(([a, b]) => a === b)).toBe(true);
      expect(one.end().length).toBe(other.end().length);
    }
  });

  it('is told nothing before it is all of it, whichever end he begins at', () => {
    for (const encode of Object.values(MIRRORS)) {
      for (let length = 1; length < value.length; length += 1) {
        for (const guess of [encode(value.slice(0, length)), encode(value.slice(-length))]) {
          expect(mask.text(guess)).toBe(guess);
          expect(Buffer.from(mask.bytes(Buffer.from(guess))).toString()).toBe(guess);
        }
      }
    }
  });
});

/** Pieces of what a mirror made of a value that are still there. */
function leftOf(spelled: string, text: string): string[] {
  const wrapping = /^[{"\\]*(?:headers|authorization|text|[":{\\])*|["}\\]*$/g;
  const core = spelled.replace(wrapping, '');
  const pieces = Array.from({ length: Math.max(0, core.length - 11) }, (_, at) => core.slice(at, at + 12));
  return pieces.filter((piece) => text.includes(piece));
}

describe('a secret', () => {
  it('prints its name, by whatever it is printed', () => {
    const secret = new Secret('token', 'ghp_plainToken0123456789');
    const holder = { secret, list: [secret], map: new Map([['x', secret]]) };
    const printed = [
      String(secret),
      `${secret as unknown as string}.`,
      inspect(holder, { depth: 9, showHidden: true }),
      JSON.stringify(holder),
    ];
    for (const text of printed) {
      expect(text).toContain('[secret token]');
      expect(text).not.toContain('ghp_');
    }
    expect(Object.getOwnPropertyNames(secret)).toEqual(['name']);
    expect(JSON.stringify(structuredClone(secret))).not.toContain('ghp_');
    expect(secret.reveal()).toBe('ghp_plainToken0123456789');
  });
});
