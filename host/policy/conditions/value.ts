import { CellError } from '../cell-error.ts';

/** The characters that a cell, or the beginning of a value, cannot hold, and how a value spells them. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['%20', ' '],
  ['%25', '%'],
  ['%28', '('],
  ['%29', ')'],
  ['%2C', ','],
  ['%7C', '|'],
  ['%3C', '<'],
  ['%3D', '='],
  ['%3E', '>'],
  ['%7E', '~'],
]);
const SPELLINGS: ReadonlyMap<string, string> = new Map([...ESCAPES].map(([escape, character]) => [character, escape]));

/** Reads one value. Throws a `CellError` for an empty one, and for an escape that is unknown. */
export function decodeValue(text: string, offset: number): string {
  if (text === '') throw new CellError(offset, 'a value is missing here');
  // `arg.branch==main` would ask for `=main`: as a deny row it would never match.
  if (/^[<=>~]/.test(text))
    throw new CellError(
      offset,
      `the operator ends before \`${text.charAt(0)}\`; leave it out, or write \`${encodeValue(text.charAt(0))}\` where the value begins with it`,
    );
  const odd = /[()'"]/.exec(text);
  if (odd)
    throw new CellError(offset + odd.index, `a value has no \`${odd[0]}\`; brackets are written \`%28\` and \`%29\``);
  return text.replace(/%.{0,2}/gs, (escape: string, index: number) => {
    const character = ESCAPES.get(escape);
    if (character === undefined) {
      throw new CellError(
        offset + index,
        `unknown escape \`${escape}\`; expected ${[...ESCAPES.keys()].map((name) => `\`${name}\``).join(' ')}`,
      );
    }
    return character;
  });
}

/** Writes one value; characters that no value can hold stay as they are. */
export function encodeValue(value: string): string {
  return value.replace(/[ %(),|]|^[<=>~]/g, (character) => SPELLINGS.get(character) ?? character);
}

/** Reads values between `|`, each with its offset. */
export function decodeSet(
  text: string,
  offset: number,
): readonly { readonly value: string; readonly offset: number }[] {
  let at = offset;
  const seen = new Set<string>();
  return text.split('|').map((piece) => {
    const start = at;
    at += piece.length + 1;
    const value = decodeValue(piece, start);
    if (seen.has(value)) throw new CellError(start, `\`${piece}\` stands twice in this list`);
    seen.add(value);
    return { value, offset: start };
  });
}
