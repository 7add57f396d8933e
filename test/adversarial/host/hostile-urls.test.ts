import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { listen, makeBed, makeWorld, verdictOf, verified, type Call, type Trap } from './host-bed.ts';

let world: AgentWorld;
let allowed: Trap;
let forbidden: Trap;
let other: Trap;
beforeEach(async () => {
  [allowed, forbidden, other] = await Promise.all([listen(), listen(), listen('127.0.0.2')]);
});
afterEach(async () => {
  world.remove();
  await Promise.all([allowed.close(), forbidden.close(), other.close()]);
});

const rows = () => [
  `p, role:any, http:*, ${allowed.url}/private/**, -, deny, -`,
  `p, role:any, http:*, ${allowed.url}/private, -, deny, -`,
  `p, agent:tester, http:GET, ${allowed.url}/**, -, allow, -`,
  'p, agent:tester, http:GET, http://**.example.invalid/**, -, allow, -',
  // Broad, and right: names that lead to loopback stay closed where no rule names them.
  'p, agent:tester, http:GET, http://**/**, -, allow, -',
  `p, agent:tester, http:GET, http://localhost:${forbidden.port}/never, arg.query.x=never, allow, -`,
];

function corpus(): string[] {
  const { port } = forbidden;
  const hosts = [
    '127.0.0.1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    '127.1',
    '127.0.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '127.0.0.1.',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[::127.0.0.1]',
    '127.0.0.2',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    'loc\u00adalhost',
    'ｌｏｃａｌｈｏｓｔ',
    '127.0.0.1%00.example.invalid',
    'ip6-localhost',
    'ip6-loopback',
    'a.localhost',
    '[::1%25lo]',
    '[fe80::1%lo]',
    '169.254.169.254',
    '127.0.0.1.example.invalid',
    'example.invalid',
    'a.example.invalid',
  ];
  const users = [
    '',
    'user@',
    'user:pw@',
    `127.0.0.1:${allowed.port}@`,
    `127.0.0.1:${allowed.port}#@`,
    `127.0.0.1:${allowed.port}\\@`,
    `127.0.0.1:${allowed.port}%2f@`,
    '@',
    ':@',
  ];
  const byHost = hosts.flatMap((host) => users.map((user) => `http://${user}${host}:${port}/x`));
  const schemes = [
    'https:',
    'HTTP:',
    'ftp:',
    'file:',
    'ws:',
    'data:',
    'javascript:',
    'blob:http:',
    'view-source:http:',
    'http:\t',
    ' http:',
    'http\n:',
    '\u0000http:',
    'gopher:',
    'unix:',
    'http+unix:',
  ];
  const byScheme = schemes.flatMap((scheme) => [
    `${scheme}//127.0.0.1:${port}/x`,
    `${scheme}127.0.0.1:${port}/x`,
    `${scheme}\\\\127.0.0.1:${port}/x`,
    `${scheme}///127.0.0.1:${port}/x`,
  ]);
  const privates = [
    'private/x',
    './private/x',
    'x/../private/x',
    '%70rivate/x',
    'private%2fx',
    'private//x',
    '/private/x',
    'x/%2e%2e/private/x',
    'private\\x',
    'x\\..\\private/x',
    'private;x/x',
    'PRIVATE/../private/x',
    'private',
    'private/',
    'private?x',
    'private#x',
    'private/%2e',
    'private/.',
    'x/.%2e/private',
    '..;/private/x',
    'x/..%2fprivate/x',
    '%2e/private/x',
    'privat\u0065/x',
    'private\t/x',
    'pri\nvate/x',
    '%00/../private/x',
  ];
  const ports = [
    `${port}`,
    `0${port}`,
    `${port}/`,
    ` ${port}`,
    `+${port}`,
    `${port + 65536}`,
    `${port}.0`,
    `0x${port.toString(16)}`,
  ].map((text) => `http://127.0.0.1:${text}/x`);
  return [
    ...byHost,
    ...byScheme,
    ...privates.map((path) => `${allowed.url}/${path}`),
    ...ports,
    '',
    '//',
    'x',
    '/x',
    '?x',
    '#x',
    `//127.0.0.1:${port}/x`,
    `http://127.0.0.1:${port}`,
    `http://${'a.'.repeat(200)}invalid/`,
    `http://x/${'y'.repeat(70_000)}`,
  ];
}

it('makes no connection that the rules do not name, whatever a URL looks like', async () => {
  world = makeWorld({ rows: rows() });
  const { see } = await makeBed(world);
  const urls = corpus();
  const calls = urls.flatMap((url): Call[] =>
    ['http.fetch', 'http.open'].map((method) => [
      method,
      { method: 'get', url, headers: [], body: null, maxRedirects: null },
    ]),
  );
  const heads = [
    'host',
    'Host',
    ':authority',
    'connection',
    'transfer-encoding',
    'content-length',
    'upgrade',
    'proxy-authorization',
    'te',
    'x\r\nhost',
    'x:host',
    '',
    ' host',
    'x-forwarded-host',
  ].map((name): Call => [
    'http.fetch',
    {
      method: 'get',
      url: `${allowed.url}/head`,
      headers: [[name, `127.0.0.1:${forbidden.port}`]],
      body: null,
      maxRedirects: null,
    },
  ]);
  expect(urls.length).toBeGreaterThan(400);
  const seen = await see([...calls, ...heads]);
  // An empty segment is a segment: `//private` is another resource, also where a server merges slashes.
  const reached = allowed.paths.map((path) => decodeURIComponent(path).toLowerCase());
  expect(reached.filter((path) => /^\/private($|[/?])/.test(path))).toEqual([]);
  expect(forbidden.contacts()).toBe(0);
  expect(other.contacts()).toBe(0);
  const known =
    /^(ok|denied:(no-rule|forbidden-by-rule|address-forbidden)|invalid-request|name-not-resolved|connection-failed)$/;
  expect(seen.map(verdictOf).filter((verdict) => !known.test(verdict))).toEqual([]);
  expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
}, 60_000);

it('makes the connection that they name', async () => {
  world = makeWorld({ rows: rows() });
  const { see } = await makeBed(world);
  const [seen] = await see([
    ['http.fetch', { method: 'get', url: `${allowed.url}/open`, headers: [], body: null, maxRedirects: null }],
  ]);
  expect(seen?.ok).toMatchObject({ status: 200, body: { bytes: 'hello' } });
  expect(allowed.paths).toEqual(['/open']);
});
