/**
 * The spellings in which a value comes back from whoever repeats it: as it is, and in the encodings of the web. Where an
 * encoder has a choice (which characters it escapes), the usual ones are there, and the one that escapes everything.
 * Letters of either case are taken for the same when they are looked for, so each stands once.
 */
export function encodingsOf(value: string): readonly Uint8Array[] {
  const bytes = Buffer.from(value, 'utf8');
  const texts = [
    value,
    ...base64(bytes),
    ...hexadecimal(bytes),
    ...percent(value, bytes),
    ...json(value),
    ...html(value),
  ];
  const binary = [Buffer.from(value, 'utf16le'), Buffer.from(value, 'utf16le').swap16()];
  const known = new Set<string>();
  return [...texts.map((text) => Buffer.from(text, 'utf8')), ...binary].filter((spelling) => {
    const key = spelling.toString('latin1').toLowerCase();
    if (spelling.length === 0 || known.has(key)) return false;
    known.add(key);
    return true;
  });
}

/**
 * RFC 4648, sections 4 and 5. What stands before the value moves it by 0, 1 or 2 bytes. The digits at both ends hold bits
 * of something else as well: each that may stand there is given with the whole of the others. Nothing shorter is: whoever
 * could have a part of the value recognised could guess it in parts.
 */
function base64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const [from, to] = [Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6)];
    const digits = base64Digits(Buffer.concat([Buffer.alloc(shift), bytes]));
    const whole = digits.slice(from, to);
    const [foreignBefore, foreignAfter] = [(shift * 8) % 6, (6 - (((shift + bytes.length) * 8) % 6)) % 6];
    const first = variants(foreignBefore, bytes).map((bits) =>
      base64Digits(Buffer.concat([Buffer.alloc(shift, bits), bytes])).slice(from - 1, to),
    );
    const last = variants(foreignAfter, bytes).map((bits) =>
      base64Digits(Buffer.concat([Buffer.alloc(shift), bytes, Buffer.of(bits << (8 - foreignAfter))])).slice(
        from,
        to + 1,
      ),
    );
    const padded = foreignAfter === 0 ? [] : [`${digits.slice(from)}${'='.repeat(foreignAfter / 2)}`];
    return [whole, ...first, ...last, ...padded].flatMap((text) => [
      text,
      text.replaceAll('+', '-').replaceAll('/', '_'),
    ]);
  });
}

/** Of a long value, two digits are of no use to anybody, and all variants would be a lot. */
const LONG = 512;

const base64Digits = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** Every value of some bits that are not known. */
const variants = (bits: number, { length }: Buffer): number[] =>
  bits === 0 || length > LONG ? [] : Array.from({ length: 2 ** bits }, (_, value) => value);

function hexadecimal(bytes: Buffer): string[] {
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  return [digits.join(''), digits.join(':'), digits.join(' '), digits.map((pair) => `\\x${pair}`).join('')];
}

/** RFC 3986, section 2.1; WHATWG URL, section 5 (forms). */
function percent(value: string, bytes: Buffer): string[] {
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  const all = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  // An address within an address is escaped twice.
  const nested = [component, strict, all].map(encodeURIComponent);
  return [component, strict, new URLSearchParams({ v: value }).toString().slice(2), encodeURI(value), all, ...nested];
}

const unit = (one: string): string => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** RFC 8259, section 7. */
function json(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const ascii = plain.replace(/[^\0-\x7f]/g, unit);
  const safe = (text: string): string => text.replace(/[<>&'\u2028\u2029]/g, unit);
  const slashed = (text: string): string => text.replaceAll('/', '\\/');
  const nested = JSON.stringify(plain).slice(1, -1);
  const all = Array.from({ length: value.length }, (_, index) => unit(value.charAt(index))).join('');
  const some = [plain, ascii, safe(plain), safe(ascii)];
  return [...some, ...some.map(slashed), nested, slashed(nested), all];
}

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const decimal = (one: string): string => `&#${one.codePointAt(0) ?? 0};`;
const hexadecimalEntity = (one: string): string => `&#x${(one.codePointAt(0) ?? 0).toString(16)};`;
const named = (one: string): string => NAMED[one] ?? one;

/** Which characters are escaped, and how: as the usual libraries do. */
const ENTITIES: readonly (readonly [pattern: RegExp, entity: (one: string) => string])[] = [
  [/[&<>]/g, named],
  [/[&<>"]/g, named],
  [/[&<>"']/g, (one) => NAMED[one] ?? '&#39;'],
  [/[&<>"']/g, (one) => NAMED[one] ?? '&#x27;'],
  [/[&<>"']/g, (one) => NAMED[one] ?? '&apos;'],
  [/[&<>"']/g, (one) => (one === '"' ? '&#34;' : (NAMED[one] ?? '&#39;'))],
  [/[&<>"']/g, decimal],
  [/[&<>"']/g, hexadecimalEntity],
];

/** WHATWG HTML, section 13.1.4. */
function html(value: string): string[] {
  const points = Array.from(value);
  return [
    ...ENTITIES.map(([pattern, entity]) => value.replace(pattern, entity)),
    points.map(decimal).join(''),
    points.map(hexadecimalEntity).join(''),
  ];
}
