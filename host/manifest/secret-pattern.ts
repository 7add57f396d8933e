/** Values that are secrets beyond doubt, by their shape. */

const PATTERNS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/],
  ['an access key of a cloud', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['an API key', /\bAIza[\w-]{35}(?![\w-])/],
  ['an API key', /\bsk-[A-Za-z0-9_-]{20,}/],
  ['an access token', /\bgh[pousr]_[A-Za-z0-9]{36,}\b/],
  ['an access token', /\bgithub_pat_[A-Za-z0-9_]{50,}/],
  ['an access token', /\bglpat-[\w-]{20,}/],
  ['an access token', /\bxox[abeprs]-[\w-]{10,}/],
  ['a signed token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ['a URL with a password', /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i],
];

/** What kind of secret `text` holds, as a phrase; `undefined` for none. */
export function secretKind(text: string): string | undefined {
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0];
}
