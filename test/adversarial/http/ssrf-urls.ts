/** Spellings of URLs that lead to places where an agent has no business, made from tables. */

/** Addresses that no rule without the very host may reach; the first two have a listener in the tests. */
const FORBIDDEN_V4: readonly (readonly [number, number, number, number])[] = [
  [127, 0, 0, 1],
  [127, 0, 0, 3],
  [127, 255, 255, 254],
  [0, 0, 0, 0],
  [10, 0, 0, 1],
  [172, 16, 5, 4],
  [192, 168, 1, 1],
  [169, 254, 169, 254],
  [100, 100, 100, 200],
  [100, 64, 0, 1],
  [198, 18, 0, 1],
  [224, 0, 0, 251],
  [255, 255, 255, 255],
  [192, 0, 2, 7],
];

const FORBIDDEN_V6: readonly string[] = [
  '::1',
  '::',
  '0:0:0:0:0:0:0:1',
  '0000:0000:0000:0000:0000:0000:0000:0001',
  'fe80::1',
  'fd00:ec2::254',
  'fc00::1',
  'ff02::1',
  'fec0::1',
  '2001:db8::1',
  '100::1',
];

type Quad = readonly [number, number, number, number];
const hex = (value: number, width = 0): string => value.toString(16).padStart(width, '0');
const octal = (value: number, width = 0): string => `0${value.toString(8).padStart(width, '0')}`;
const whole = ([a, b, c, d]: Quad): number => ((a * 256 + b) * 256 + c) * 256 + d;
const words = ([a, b, c, d]: Quad): string => `${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
const wide = (text: string): string => text.replace(/[0-9]/gu, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
const circled = (text: string): string =>
  text.replace(/[1-9]/gu, (digit) => String.fromCodePoint(0x245f + Number(digit))).replaceAll('0', '\u24ea');
const escaped = (text: string): string =>
  text.replace(/[\s\S]/gu, (character) => `%${hex(character.charCodeAt(0), 2)}`);

/** One IPv4 address in every spelling that some parser takes for it. */
const V4_SPELLINGS: readonly ((quad: Quad) => string)[] = [
  (quad) => quad.join('.'),
  (quad) => `${quad.join('.')}.`,
  (quad) => String(whole(quad)),
  (quad) => `0x${hex(whole(quad), 8)}`,
  (quad) => `0X${hex(whole(quad)).toUpperCase()}`,
  (quad) => octal(whole(quad)),
  (quad) => quad.map((part) => `0x${hex(part)}`).join('.'),
  (quad) => quad.map((part) => `0x${hex(part, 8)}`).join('.'),
  (quad) => quad.map((part) => octal(part, 3)).join('.'),
  (quad) => quad.map((part) => octal(part, 9)).join('.'),
  ([a, b, c, d]) => `${a}.${(b * 256 + c) * 256 + d}`,
  ([a, b, c, d]) => `${a}.${b}.${c * 256 + d}`,
  ([a, b, c, d]) => `0x${hex(a)}.${octal(b)}.${c}.0x${hex(d)}`,
  (quad) => wide(quad.join('.')),
  (quad) => circled(quad.join('.')),
  (quad) => quad.join('\u3002'),
  (quad) => quad.join('\uff0e'),
  (quad) => quad.join('\uff61'),
  (quad) => escaped(quad.join('.')),
  (quad) => quad.join('%2e'),
  (quad) => quad.join('.\u00ad'),
  (quad) => quad.join('\u200b.'),
  (quad) => `[::ffff:${quad.join('.')}]`,
  (quad) => `[::ffff:${words(quad)}]`,
  (quad) => `[0:0:0:0:0:FFFF:${words(quad).toUpperCase()}]`,
  (quad) => `[::${quad.join('.')}]`,
  (quad) => `[64:ff9b::${quad.join('.')}]`,
  (quad) => `[64:ff9b::${words(quad)}]`,
  (quad) => `[64:ff9b:1::${words(quad)}]`,
  (quad) => `[2002:${words(quad)}::1]`,
  (quad) => `[2001:0:${words(quad)}::1]`,
  (quad) => `[fe80::5efe:${words(quad)}]`,
  (quad) => `[2600::5efe:${words(quad)}]`,
  (quad) => `[2600::200:5efe:${words(quad)}]`,
  (quad) => `[::ffff:0:${words(quad)}]`,
  (quad) => `[::ffff:${quad.join('.')}%25lo]`,
  (quad) => `[${quad.join('.')}]`,
];

/** Ways to hang a host into a URL; `PORT` is that of the listener. */
const SHAPES: readonly ((host: string) => string)[] = [
  (host) => `http://${host}:PORT/`,
  (host) => `HTTP://${host}:PORT/latest/meta-data/`,
];

/** Ways to make two parsers see two hosts: `good.example.test` is allowed, `HOST` is not. */
const CONFUSIONS: readonly string[] = [
  'http://good.example.test@HOST:PORT/',
  'http://good.example.test:80@HOST:PORT/',
  'http://good.example.test%40HOST:PORT/',
  'http://good.example.test#@HOST:PORT/',
  'http://good.example.test%23@HOST:PORT/',
  'http://good.example.test?@HOST:PORT/',
  'http://HOST:PORT#@good.example.test/',
  'http://HOST:PORT\\@good.example.test/',
  'http://good.example.test\\@HOST:PORT/',
  'http://HOST:PORT\\.good.example.test/',
  'http:\\\\HOST:PORT/',
  'http:/\\HOST:PORT/',
  'http:/HOST:PORT/',
  'http:HOST:PORT/',
  'http:///HOST:PORT/',
  '//HOST:PORT/',
  'http://good.example.test:@HOST:PORT/',
  'http://:@HOST:PORT/',
  'http://@HOST:PORT/',
  'http://good.example.test\t@HOST:PORT/',
  'http://HOST:PORT\t/',
  'http://HO\nST:PORT/',
  'http://good.example.test\r\nHost: HOST/',
  'http://good.example.test/\r\nHost: HOST\r\n\r\n',
  'http://good.example.test HOST:PORT/',
  'http://HOST:PORT,good.example.test/',
  'http://HOST:PORT;good.example.test/',
  'http://{good.example.test,HOST}:PORT/',
  'http://HOST\u0000.good.example.test:PORT/',
  'http://HOST%00.good.example.test:PORT/',
  'http://HOST%0a.good.example.test:PORT/',
  'http://HOST%2f.good.example.test:PORT/',
  'http://HOST\uff0fgood.example.test:PORT/',
  'http://good.example.test\uff20HOST:PORT/',
  'http://HOST\u2100good.example.test:PORT/',
  'jar:http://HOST:PORT/!/',
  'gopher://HOST:PORT/_GET%20/',
  'dict://HOST:PORT/x',
  'file://HOST/etc/passwd',
  'ftp://HOST:PORT/',
  'ldap://HOST:PORT/',
  'ws://HOST:PORT/',
  'netdoc://HOST:PORT/',
  'url:http://HOST:PORT/',
  'blob:http://HOST:PORT/x',
  'view-source:http://HOST:PORT/',
  'http+unix://HOST:PORT/',
  'feed:http://HOST:PORT/',
];

/** Every URL whose host is an address of a forbidden range in some spelling. */
export function addressUrls(port: number): readonly string[] {
  const hosts = [
    ...FORBIDDEN_V4.flatMap((quad) => V4_SPELLINGS.map((spell) => spell(quad))),
    ...FORBIDDEN_V6.flatMap((text) => [`[${text}]`, `[${text.toUpperCase()}]`, text]),
  ];
  return hosts.flatMap((host) => SHAPES.map((shape) => shape(host).replaceAll('PORT', String(port))));
}

/** Every URL in which a forbidden host hides beside an allowed one. */
export function confusedUrls(port: number): readonly string[] {
  return ['127.0.0.1', '127.0.0.3', '169.254.169.254', '[::1]'].flatMap((host) =>
    CONFUSIONS.map((text) => text.replaceAll('HOST', host).replaceAll('PORT', String(port))),
  );
}
