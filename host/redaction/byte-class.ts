/** A set of bytes: 1 for each that is in it. */
export type ByteClass = Uint8Array;

/** Letters, digits and signs as they stand in `text`; `wide` adds every byte from 0x80 on: characters beyond ASCII. */
export function byteClass(text: string, wide = false): ByteClass {
  const bytes = new Uint8Array(256);
  for (const letter of text) bytes[letter.charCodeAt(0)] = 1;
  if (wide) bytes.fill(1, 0x80);
  return bytes;
}

export const LOWER = 'abcdefghijklmnopqrstuvwxyz';
export const UPPER = LOWER.toUpperCase();
export const DIGITS = '0123456789';
const WORD = byteClass(`${LOWER}${UPPER}${DIGITS}`);

export const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
/** An ASCII letter or digit. */
export const isWord = (byte: number | undefined): boolean => byte !== undefined && WORD[byte] === 1;

/** The letters of `\n`, `\r` and `\t` in a text that was escaped. */
const ESCAPES = byteClass('nrt');
const BACKSLASH = 0x5c;

/** Whether a word ends before `at`: what stands there is no letter or digit, or the letter of an escape. */
export function startsWord(bytes: Uint8Array, at: number): boolean {
  const before = bytes[at - 1];
  return !isWord(before) || (ESCAPES[before ?? 0] === 1 && bytes[at - 2] === BACKSLASH);
}
