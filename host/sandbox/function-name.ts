/** The longest name that is looked at. */
const LONGEST = 1024;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['SP', '@'],
  ['BP', '*'],
  ['RF', '&'],
  ['LT', '<'],
  ['GT', '>'],
  ['LP', '('],
  ['RP', ')'],
  ['C', ','],
]);

/** A function as its author knows it: the path in the two manglings of Rust, any other name as it is. */
export function functionName(name: string): string {
  const short = name.slice(0, LONGEST);
  return legacy(short) ?? current(short) ?? short.replace(/::h[0-9a-f]{16}$/, '');
}

/** `_ZN`, parts with their lengths, a hash, `E`. */
function legacy(name: string): string | undefined {
  if (!name.startsWith('_ZN')) return undefined;
  const parts: string[] = [];
  let at = 3;
  while (name[at] !== 'E') {
    const part = partAt(name, at, '');
    if (part === undefined) return undefined;
    parts.push(part.text);
    at = part.end;
  }
  if (/^h[0-9a-f]{16}$/.test(parts.at(-1) ?? '')) parts.pop();
  return parts.length === 0 ? undefined : parts.map(unescaped).join('::');
}

/** `_R` and a path in which every identifier has its length (RFC 2603). Generic arguments are not told apart. */
function current(name: string): string | undefined {
  if (!/^_R[A-Z]/.test(name)) return undefined;
  const parts: string[] = [];
  for (let at = 2; at < name.length;) {
    const disambiguator = /^s[0-9a-zA-Z]*_/.exec(name.slice(at, at + 16));
    if (disambiguator !== null) at += disambiguator[0].length;
    const part = partAt(name, at, '_');
    if (part === undefined) {
      at++;
      continue;
    }
    if (part.text !== '') parts.push(part.text);
    at = part.end;
  }
  return parts.length === 0 ? undefined : parts.join('::');
}

/** An identifier behind its length. Only in the second mangling may `_` stand between them. */
function partAt(
  name: string,
  at: number,
  between: '' | '_',
): { readonly text: string; readonly end: number } | undefined {
  const digits = /^(?:0|[1-9]\d{0,3})/.exec(name.slice(at, at + 4))?.[0];
  if (digits === undefined) return undefined;
  const behind = at + digits.length;
  const start = behind + (name.startsWith(between, behind) ? between.length : 0);
  const end = start + Number(digits);
  return end > name.length ? undefined : { text: name.slice(start, end), end };
}

function unescaped(part: string): string {
  return part
    .replace(/^_(?=\$)/, '')
    .replaceAll('..', '::')
    .replace(/\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g, (all, hex: string | undefined, word: string | undefined) =>
      hex === undefined ? (ESCAPES.get(word ?? '') ?? all) : characterOf(hex, all),
    );
}

function characterOf(hex: string, otherwise: string): string {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}
