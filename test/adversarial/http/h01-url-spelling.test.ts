import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, publicLoopback, request } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

/** `PORT` is that of the server. What the gate decides on is what it dials, or it refuses. */
const REFUSED = [
  'http://user@127.0.0.2:PORT/',
  'http://user:secret@127.0.0.2:PORT/',
  'http://@127.0.0.2:PORT/',
  'http://127.0.0.2:PORT@evil.test/',
  'http://127.0.0.2:PORT\\@evil.test/',
  'http:\\\\127.0.0.2:PORT/',
  'http://127.0.0.2\\.evil.test:PORT/',
  'http://127.0.0.2:PORT/#fragment',
  'http://127.0.0.2:PORT#@evil.test/',
  'http:127.0.0.2:PORT/',
  'http:/127.0.0.2:PORT/',
  'http:///127.0.0.2:PORT/',
  '//127.0.0.2:PORT/',
  '/relative',
  '',
  'ht\ttp://127.0.0.2:PORT/',
  'http://127.0.\n0.2:PORT/',
  ' http://127.0.0.2:PORT/',
  'http://127.0.0.2:PORT/ ',
  'http://127.0.0.2:PORT/\u0000',
  'http://127.0.0.2%00.evil.test:PORT/',
  'http://127.0.0.2 .evil.test:PORT/',
  'ftp://127.0.0.2:PORT/',
  'file:///etc/passwd',
  'gopher://127.0.0.2:PORT/',
  'javascript:alert(1)',
  'data:text/plain,x',
  'ws://127.0.0.2:PORT/',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  'http://127.0.0.2:99999/',
  'http://127.0.0.2:0/',
  'http://127.0.0.2:PORT:80/',
  'http://127.0.0.256:PORT/',
  'http://1.2.3.4.5:PORT/',
  'http://0x100000000:PORT/',
  'http://[127.0.0.2]:PORT/',
  'http://[::1%25lo]:PORT/',
  'http://[::1:PORT/',
  'http://a..b.test:PORT/',
  'http://.test:PORT/',
  'http://*.test:PORT/',
  'http://a$b.test:PORT/',
  `http://${'a'.repeat(64)}.test:PORT/`,
  `http://${'a.'.repeat(127)}test:PORT/`,
];

/** Spellings of 127.0.0.2 that WHATWG reads as that address. */
const ODD_SPELLINGS = [
  '0x7f.0.0.2',
  '0177.0.0.02',
  '2130706434',
  '0x7f000002',
  '017700000002',
  '127.2',
  '127.0.2',
  '127.0.0.2.',
  '%31%32%37.0.0.2',
  '１２７.0.0.2',
  '127。0。0。2',
  '[::ffff:127.0.0.2]',
  '[::ffff:7f00:2]',
  '[0:0:0:0:0:ffff:7f00:0002]',
  '[::127.0.0.2]',
];

describe('H1: a URL is not parsed differently by check and dial', () => {
  it.each(REFUSED)('refuses %j without a contact', async (spelling) => {
    const server = await httpServer(undefined, '127.0.0.2');
    const { http, records, lookups } = httpGate({ classify: publicLoopback });
    expect(await failureTag(http.fetch(request(spelling.replaceAll('PORT', String(server.port)))))).toBe(
      'invalid-request',
    );
    expect(server.contacts()).toBe(0);
    expect(lookups).toEqual([]);
    expect(records.map(({ type }) => type)).toEqual(['effect.denied']);
  });

  it.each(ODD_SPELLINGS)('decides on %s as 127.0.0.2 and dials that', async (host) => {
    const server = await httpServer(undefined, '127.0.0.2');
    const { http, records, dials, lookups } = httpGate({ classify: publicLoopback });
    const response = await http.fetch(request(`http://${host}:${server.port}/a`));
    expect(response.url).toBe(`${server.origin}/a`);
    expect(records[0]!.resource).toBe(`${server.origin}/a`);
    expect(dials.map(({ address }) => address)).toEqual(['127.0.0.2']);
    expect(server.requests[0]!.headers.host).toBe(`127.0.0.2:${server.port}`);
    expect(lookups).toEqual([]);
  });

  it.each(ODD_SPELLINGS)('denies %s where the policy denies 127.0.0.2', async (host) => {
    const server = await httpServer(undefined, '127.0.0.2');
    const { http } = httpGate({
      classify: publicLoopback,
      allow: ({ resource }) => !resource.startsWith('http://127.0.0.2'),
    });
    expect(await failureTag(http.fetch(request(`http://${host}:${server.port}/a`)))).toBe('denied:no-rule');
    expect(server.contacts()).toBe(0);
  });
});
