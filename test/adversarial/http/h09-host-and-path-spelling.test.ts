import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const HOSTS: readonly (readonly [given: string, canonical: string])[] = [
  ['API.Example.TEST', 'api.example.test'],
  ['api.example.test.', 'api.example.test'],
  ['bücher.example.test', 'xn--bcher-kva.example.test'],
  ['BÜCHER.example.test', 'xn--bcher-kva.example.test'],
  ['faß.example.test', 'xn--fa-hia.example.test'],
  ['api。example。test', 'api.example.test'],
  ['ａｐｉ.example.test', 'api.example.test'],
  ['%61pi.example.test', 'api.example.test'],
  ['a\u00adpi.example.test', 'api.example.test'],
  ['аpi.example.test', 'xn--pi-6kc.example.test'], // the first letter is Cyrillic
];

const PATHS: readonly (readonly [given: string, canonical: string])[] = [
  ['', '/'],
  ['/a/../b', '/b'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/.%2E/b', '/b'],
  ['/a/./b/%2e', '/a/b/'],
  ['/../../etc', '/etc'],
  ['//a//b', '//a//b'],
  ['/%61%7e%2D', '/a~-'],
  ['/%40acme/x%3ay', '/@acme/x:y'],
  ['/%c3%a9', '/%C3%A9'],
  ['/é', '/%C3%A9'],
  ['/a b', '/a%20b'],
  ['/a%2bb;c=d', '/a%2Bb;c=d'],
  ['/%252e%252e/a', '/%252e%252e/a'],
  ['/"<>`{}', '/%22%3C%3E%60%7B%7D'],
];

const REFUSED_PATHS = [
  '/a%2fb',
  '/a%2Fb',
  '/..%2f..%2fetc',
  '/a%5cb',
  '/a%5Cb',
  '/a%00b',
  '/a\\b',
  '/%',
  '/%zz',
  '/%2',
  `/${'a/'.repeat(257)}`,
  `/${'a'.repeat(8193)}`,
];

describe('H9: host and path have one spelling, and those bytes are sent', () => {
  it.each(HOSTS)('decides on %s as %s', async (given, canonical) => {
    const server = await httpServer();
    const { http, records, lookups } = httpGate({ names: { [canonical]: ['127.0.0.1'] } });
    await http.fetch(request(`http://${given}:${server.port}/`));
    expect(records[0]!.resource).toBe(`http://${canonical}:${server.port}/`);
    expect(lookups).toEqual([canonical]);
    expect(server.requests[0]!.headers.host).toBe(`${canonical}:${server.port}`);
  });

  it.each(PATHS)('decides on and sends %j as %j', async (given, canonical) => {
    const server = await httpServer();
    const { http, records } = httpGate();
    await http.fetch(request(`${server.origin}${given}`));
    expect(records[0]!.resource).toBe(`${server.origin}${canonical}`);
    expect(server.requests[0]!.target).toBe(canonical);
  });

  it.each(REFUSED_PATHS)('refuses the path %.20s', async (path) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}${path}`)))).toBe('invalid-request');
    expect(server.contacts()).toBe(0);
  });

  it('sends the query as it was decided on', async () => {
    const server = await httpServer();
    const seen: unknown[] = [];
    const { http } = httpGate({ allow: ({ attributes }) => seen.push(Object.fromEntries(attributes)) > 0 });
    await http.fetch(request(`${server.origin}/?q=a%2fb&q=c+d&__proto__=1&e`));
    expect(server.requests[0]!.target).toBe('/?q=a%2fb&q=c+d&__proto__=1&e');
    expect(seen).toEqual([
      {
        'query.q': ['a/b', 'c d'],
        'query.__proto__': '1',
        'query.e': '',
        scheme: 'http',
        host: '127.0.0.1',
        port: server.port,
        method: 'GET',
        'body-bytes': 0,
      },
    ]);
  });

  it('leaves the default port out and keeps any other', async () => {
    const { http, records } = httpGate({ allow: () => false });
    for (const url of [
      'http://a.test:80/',
      'https://a.test:443/',
      'http://a.test:443/',
      'https://a.test:080/',
      'http://a.test:/',
    ])
      await failureTag(http.fetch(request(url)));
    expect(records.map(({ resource }) => resource)).toEqual([
      'http://a.test/',
      'https://a.test/',
      'http://a.test:443/',
      'https://a.test:80/',
      'http://a.test/',
    ]);
  });
});
