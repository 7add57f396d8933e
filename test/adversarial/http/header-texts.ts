/** Header fields that no guest may write. */
export const FORBIDDEN = [
  'Host',
  'HOST',
  'Connection',
  'Content-Length',
  'Transfer-Encoding',
  'transfer_encoding',
  'Upgrade',
  'HTTP2-Settings',
  'Expect',
  'TE',
  'Trailer',
  'Keep-Alive',
  'Proxy-Authorization',
  'Proxy-Connection',
  'proxy-anything',
  'Cookie2',
  'Forwarded',
  'X-Forwarded-Host',
  'X-Forwarded-For',
  'X-Original-URL',
  'X-Rewrite-URL',
];

/** What is no name of a field. */
export const BAD_NAMES = [
  '',
  ' ',
  'a b',
  'a:',
  ':path',
  'a\r\nb',
  'a\u0000',
  'ä',
  'a(b)',
  'a"b',
  'a/b',
  'a{b}',
  '\u212a',
];
/** What no value of a field may hold. */
export const BAD_VALUES = [
  'a\r\nHost: evil.test',
  'a\nb',
  'a\rb',
  'a\u0000b',
  '\u0001',
  'a\u007f',
  'č',
  '\u{1f600}',
  'Ċinjected',
  'ä',
];
