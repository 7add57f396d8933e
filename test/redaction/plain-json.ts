/**
 * Masks a JSON text as plainly as it can be done: each token alone, one after the other. What the host does in one pass must
 * come out the same.
 */

/** How the parts of a JSON text are masked. */
export interface PlainMasking {
  /** The text of a string, a name or a number. The same text where nothing is found. */
  readonly text: (value: string) => string;
  /** What stands in the place of the value of a member of this name; `undefined` where its value is looked at. */
  readonly member: (name: string) => string | undefined;
}

/** A string that holds a JSON text that holds a string, and so on: so many are looked into. */
const MOST_NESTED = 3;
const [QUOTE, BACKSLASH] = ['"', '\\'];

/**
 * Masks a JSON text: names, strings by what they mean, not how they are written, and numbers. Everything else stays byte
 * for byte: what is a number and is masked becomes a string. `undefined` if it is no JSON text.
 */
export function plainMaskJson(text: string, masking: PlainMasking, nested = 0): string | undefined {
  if (!isJson(text)) return undefined;
  let out = '';
  let copied = 0;
  let at = 0;

  const put = (from: number, to: number, value: string): void => {
    out += text.slice(copied, from) + JSON.stringify(value);
    copied = to;
  };

  while (at < text.length) {
    const sign = text.charAt(at);
    if (sign === QUOTE) {
      const end = stringEnd(text, at);
      const value = JSON.parse(text.slice(at, end)) as string; // a string token
      const colon = skipBlanks(text, end);
      const isName = text.charAt(colon) === ':';
      const masked = isName ? masking.text(value) : maskValue(value, masking, nested);
      if (masked !== value) put(at, end, masked);
      at = end;
      const mark = isName ? masking.member(value) : undefined;
      if (mark !== undefined) {
        const from = skipBlanks(text, colon + 1);
        at = valueEnd(text, from);
        put(from, at, mark);
      }
    } else if (isNumberSign(sign)) {
      const end = numberEnd(text, at);
      const value = text.slice(at, end);
      const masked = masking.text(value);
      if (masked !== value) put(at, end, masked);
      at = end;
    } else at += 1;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

function maskValue(value: string, masking: PlainMasking, nested: number): string {
  const first = value.trimStart().charAt(0);
  const inner =
    nested < MOST_NESTED && (first === '{' || first === '[') ? plainMaskJson(value, masking, nested + 1) : undefined;
  return inner ?? masking.text(value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // too deep is none either
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (' \t\r\n'.includes(text.charAt(at)) && at < text.length) at += 1;
  return at;
}

/** The end of the string token that begins at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (text.charAt(at) !== QUOTE) at += text.charAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

const isNumberSign = (sign: string): boolean => (sign >= '0' && sign <= '9') || sign === '-';

function numberEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && '0123456789+-.eE'.includes(text.charAt(at))) at += 1;
  return at;
}

/** The end of the value that begins at `from`. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const sign = text.charAt(at);
    if (sign === QUOTE) at = stringEnd(text, at);
    else {
      if (sign === '{' || sign === '[') depth += 1;
      else if (sign === '}' || sign === ']') depth -= 1;
      at += 1;
      // A number or a word ends where a sign of its surroundings stands.
      if (depth === 0 && !'}]'.includes(sign))
        while (at < text.length && !',}] \t\r\n'.includes(text.charAt(at))) at += 1;
    }
  } while (depth > 0);
  return at;
}
