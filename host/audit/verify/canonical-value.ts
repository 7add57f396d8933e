/**
 * Reads JSON that must be in canonical form (RFC 8785, within RFC 7493): one pass that refuses whatever a canonical
 * writer would not have written. Apart from the writer on purpose: a flaw of the one is not a flaw of the other.
 */

/** A JSON value; objects are maps, so that no name in a file can mean anything to this program. */
export type CanonicalValue = null | boolean | number | string | readonly CanonicalValue[] | CanonicalObject;
export type CanonicalObject = ReadonlyMap<string, CanonicalValue>;

/** An object, and where its members stand in the text: from the quote of the name to the end of the value. */
export interface CanonicalLine {
  readonly members: CanonicalObject;
  readonly spans: ReadonlyMap<string, readonly [start: number, end: number]>;
}

/** Why a text is not canonical. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

const MAX_DEPTH = 32;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?[0-9][0-9.eE+-]*/y;
const WORD = /true|false|null/y;

/** Reads one canonical object, and nothing after it. Throws a `FormError` that says what is wrong. */
export function readCanonicalLine(text: string): CanonicalLine {
  let at = 0;
  const spans = new Map<string, readonly [number, number]>();

  function fail(reason: string): never {
    throw new FormError(`${reason} at column ${at + 1}`);
  }

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function string(): string {
    const token = take(STRING) ?? fail('a string is expected');
    let value: unknown;
    try {
      value = JSON.parse(token);
    } catch {
      return fail('a string has a character that must be escaped, or a wrong escape, before here');
    }
    if (typeof value !== 'string') return fail('a string is expected');
    if (!value.isWellFormed()) return fail('a string has a lone surrogate before here');
    if (JSON.stringify(value) !== token) return fail('a string has a needless escape before here');
    return value;
  }

  function number(token: string): number {
    const value = Number(token);
    if (!Number.isFinite(value) || String(value) !== token) return fail(`the number is not canonical before here`);
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return fail('a number beyond 2^53 - 1 stands before here');
    return value;
  }

  function value(depth: number): CanonicalValue {
    if (depth > MAX_DEPTH) return fail('the nesting is too deep');
    switch (text[at]) {
      case '{':
        return object(depth);
      case '[':
        return list(depth);
      case '"':
        return string();
      default: {
        const word = take(WORD);
        if (word !== undefined) return word === 'null' ? null : word === 'true';
        return number(take(NUMBER) ?? fail('a value is expected'));
      }
    }
  }

  function list(depth: number): readonly CanonicalValue[] {
    const items: CanonicalValue[] = [];
    at += 1;
    if (text[at] === ']') {
      at += 1;
      return items;
    }
    for (;;) {
      items.push(value(depth + 1));
      const mark = text[at];
      if (mark !== ',' && mark !== ']') return fail('`,` or `]` is expected');
      at += 1;
      if (mark === ']') return items;
    }
  }

  function object(depth: number): CanonicalObject {
    const members = new Map<string, CanonicalValue>();
    let last: string | undefined;
    at += 1;
    if (text[at] === '}') {
      at += 1;
      return members;
    }
    for (;;) {
      const start = at;
      const name = string();
      if (name === last) return fail(`the member \`${name}\` stands there twice`);
      // `<` on strings compares UTF-16 code units, which is the order of RFC 8785, section 3.2.3.
      if (last !== undefined && name < last) return fail(`the member \`${name}\` is out of order`);
      if (text[at] !== ':') return fail('`:` is expected');
      at += 1;
      members.set(name, value(depth + 1));
      if (depth === 0) spans.set(name, [start, at]);
      last = name;
      const mark = text[at];
      if (mark !== ',' && mark !== '}') return fail('`,` or `}` is expected');
      at += 1;
      if (mark === '}') return members;
    }
  }

  if (text[0] !== '{') fail('an object is expected');
  const members = object(0);
  if (at !== text.length) fail('something follows the object');
  return { members, spans };
}
