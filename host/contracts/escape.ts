/**
 * What a terminal or a reader of a log may act on: C0 and C1 controls with line breaks (CWE-117), every format
 * character (bidirectional controls, zero-width and tag characters), line and paragraph separators, lone surrogates.
 */
const UNSAFE = /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const BACKSLASHES_OR_UNSAFE = /\\+|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Text that shows as it stands: whatever is unsafe in it becomes `\u{HEX}`. Backslashes before an escape, or before
 * text that looks like one, are doubled, so nobody can pass text off as an escape. Linear in the text's length.
 */
export function escapeControl(text: string): string {
  return text.replace(BACKSLASHES_OR_UNSAFE, (found, offset: number) => {
    if (!found.startsWith('\\')) return `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`;
    const end = offset + found.length;
    const next = text.slice(end, end + 2);
    return next === 'u{' || UNSAFE.test(next) ? found + found : found;
  });
}
