/** How the parts of a JSON text are masked. */
export interface JsonMasking {
  /** Strings, names and numbers, each by itself: those in which something is found, masked, by their place. */
  readonly texts: (values: readonly string[]) => ReadonlyMap<number, string>;
  /** What stands in the place of the value of a member of this name; `undefined` where its value is looked at. */
  readonly member: (name: string) => string | undefined;
}

/** A string that holds a JSON text that holds a string, and so on: so many are looked into. */
const MOST_NESTED = 3;
const [QUOTE, BACKSLASH, COLON, HYPHEN] = [0x22, 0x5c, 0x3a, 0x2d];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** A part of the text that stays as it is or is replaced. */
interface Token {
  readonly from: number;
  readonly to: number;
  /** What it says; of what is decided, what it will say. */
  readonly value: string;
  readonly decided: boolean;
}

/**
 * Masks a JSON text: names, strings by what they mean, not how they are written, and numbers. Everything else stays byte
 * for byte: what is a number and is masked becomes a string. `undefined` if it is no JSON text.
 */
export function maskJson(text: string, masking: JsonMasking, nested = 0): string | undefined {
  if (!isJson(text)) return undefined;
  const tokens = tokensOf(text, masking, nested);
  const masked = masking.texts(tokens.map(({ value, decided }) => (decided ? '' : value)));
  let out = '';
  let copied = 0;
  for (const [index, { from, to, value, decided }] of tokens.entries()) {
    const said = decided ? value : masked.get(index);
    if (said === undefined) continue;
    out += text.slice(copied, from) + JSON.stringify(said);
    copied = to;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** What is to be masked, in order. */
function tokensOf(text: string, masking: JsonMasking, nested: number): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) {
      const from = at;
      at = stringEnd(text, from);
      const value = stringOf(text, from, at);
      const colon = skipBlanks(text, at);
      const isName = text.charCodeAt(colon) === COLON;
      const inner = isName || nested === MOST_NESTED ? undefined : maskInner(value, masking, nested);
      if (inner === undefined) tokens.push({ from, to: at, value, decided: false });
      else if (inner !== value) tokens.push({ from, to: at, value: inner, decided: true });
      const mark = isName ? masking.member(value) : undefined;
      if (mark !== undefined) {
        const start = skipBlanks(text, colon + 1);
        at = valueEnd(text, start);
        tokens.push({ from: start, to: at, value: mark, decided: true });
      }
    } else if (isNumberSign(sign)) {
      const from = at;
      at = numberEnd(text, from);
      tokens.push({ from, to: at, value: text.slice(from, at), decided: false });
    } else at += 1;
  }
  return tokens;
}

/** What a string says that is a JSON text itself; `undefined` for any other. */
function maskInner(value: string, masking: JsonMasking, nested: number): string | undefined {
  const first =
    value.charCodeAt(0) > 0x20 && value.charCodeAt(0) < 0x80 ? value.charCodeAt(0) : value.trimStart().charCodeAt(0);
  return first === OPEN_OBJECT || first === OPEN_LIST ? maskJson(value, masking, nested + 1) : undefined;
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
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

const isBlank = (sign: number): boolean => sign === 0x20 || sign === 0x09 || sign === 0x0a || sign === 0x0d;

/** The end of the string token that begins at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  for (let sign = text.charCodeAt(at); sign !== QUOTE; sign = text.charCodeAt(at)) at += sign === BACKSLASH ? 2 : 1;
  return at + 1;
}

function stringOf(text: string, from: number, to: number): string {
  const written = text.slice(from + 1, to - 1);
  return written.includes('\\') ? (JSON.parse(text.slice(from, to)) as string) : written; // a string token
}

const isNumberSign = (sign: number): boolean => (sign >= 0x30 && sign <= 0x39) || sign === HYPHEN;

/** Digits, `+`, `-`, `.`, `e` and `E`. */
const isOfNumber = (sign: number): boolean =>
  isNumberSign(sign) || sign === 0x2b || sign === 0x2e || sign === 0x65 || sign === 0x45;

function numberEnd(text: string, from: number): number {
  let at = from;
  while (isOfNumber(text.charCodeAt(at))) at += 1;
  return at;
}

/** The end of the value that begins at `from`. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = stringEnd(text, at);
    else {
      const closes = sign === CLOSE_OBJECT || sign === CLOSE_LIST;
      if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
      else if (closes) depth -= 1;
      at += 1;
      // A number or a word ends where a sign of its surroundings stands.
      if (depth === 0 && !closes) while (at < text.length && !',}] \t\r\n'.includes(text.charAt(at))) at += 1;
    }
  } while (depth > 0);
  return at;
}
