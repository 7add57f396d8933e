/** Letters that look like Latin ones and are none (Unicode TS 39, of the scripts where whole words can be written so). */
const LOOK_ALIKES = /^[аеорсухіјѕһԁԛԝҽαινορυχАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ]+$/u;
const WORD = /[\p{L}\p{M}]+/gu;
const LATIN = /\p{Script=Latin}/u;
/** What looks like Latin: neither the scripts that are written beside it in one word, nor marks. */
const CONFUSED = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/u;

/**
 * The first letter in a text that a reader takes for another: one that looks Latin in a word of Latin letters, a word of
 * such letters alone, or a letter in another form (`ａ`). Nothing where there is none.
 */
export function findLookAlike(text: string): { readonly letter: string; readonly word: string } | undefined {
  if (!/\P{ASCII}/u.test(text)) return undefined;
  for (const [word] of text.matchAll(WORD)) {
    const letter = LOOK_ALIKES.test(word)
      ? word
      : LATIN.test(word)
        ? (CONFUSED.exec(word)?.[0] ?? formed(word))
        : formed(word);
    const [first] = letter ?? '';
    if (first !== undefined) return { letter: first, word };
  }
  return undefined;
}

const formed = (word: string): string | undefined =>
  Array.from(word).find(
    (letter) => /\p{L}/u.test(letter) && /^[A-Za-z]+$/.test(letter.normalize('NFKC')) && letter > '\x7f',
  );

/** `U+0430`. */
export const codeOf = (letter: string): string =>
  `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
