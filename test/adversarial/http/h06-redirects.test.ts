import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, publicLoopback, request, textOf, WILD } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

/** A server that redirects `/hop/STATUS` to `to()`, and answers anything else with its method and body. */
const redirecting = (to: () => string, address = '127.0.0.1') =>
  httpServer((response, { url = '' }, seen) => {
    const [, status] = /^\/hop\/(\d+)/.exec(url) ?? [];
    if (status === undefined) response.end(`${seen.method} ${seen.body}`);
    else response.writeHead(Number(status), { location: to() }).end();
  }, address);

describe('H6: each redirect is a request of its own', () => {
  it('decides and records every hop', async () => {
    const server = await redirecting(() => '/end');
    const { http, records } = httpGate();
    const response = await http.fetch(request(`${server.origin}/hop/302`));
    expect(response.url).toBe(`${server.origin}/end`);
    expect(records.map(({ type, resource }) => [type, resource])).toEqual([
      ['effect.intended', `${server.origin}/hop/302`],
      ['effect.settled', undefined],
      ['effect.intended', `${server.origin}/end`],
      ['effect.settled', undefined],
    ]);
  });

  it('does not reach a target that the policy denies', async () => {
    const inside = await httpServer();
    const server = await redirecting(() => `${inside.origin}/admin`);
    const { http } = httpGate({ allow: ({ resource }) => resource.startsWith(server.origin) });
    expect(await failureTag(http.fetch(request(`${server.origin}/hop/302`)))).toBe('denied:no-rule');
    expect(inside.contacts()).toBe(0);
  });

  it('does not reach a forbidden address through a redirect', async () => {
    const inside = await httpServer(undefined, '127.0.0.3');
    const server = await redirecting(() => `http://127.0.0.3:${inside.port}/`, '127.0.0.2');
    const { http } = httpGate({ rules: WILD, classify: publicLoopback });
    expect(await failureTag(http.fetch(request(`${server.origin}/hop/307`)))).toBe('denied:address-forbidden');
    expect(inside.contacts()).toBe(0);
  });

  it.each([
    [301, 'post', 'GET '],
    [302, 'post', 'GET '],
    [303, 'post', 'GET '],
    [303, 'put', 'GET '],
    [307, 'post', 'POST data'],
    [308, 'post', 'POST data'],
    [301, 'put', 'PUT data'],
  ])('answers %d to %s with "%s" (RFC 9110, section 15.4)', async (status, method, expected) => {
    const server = await redirecting(() => '/end');
    const { http } = httpGate();
    const response = await http.fetch(
      request(`${server.origin}/hop/${status}`, {
        method,
        headers: [['content-type', 'text/plain']],
        body: bytesOf('data'),
      }),
    );
    expect(textOf(response.body)).toBe(expected);
    expect(server.requests.at(-1)!.headers['content-type']).toBe(expected.startsWith('GET') ? undefined : 'text/plain');
  });

  it.each([300, 304, 305, 306])('returns %d as it is', async (status) => {
    const server = await redirecting(() => '/end');
    const { http } = httpGate();
    expect((await http.fetch(request(`${server.origin}/hop/${status}`))).status).toBe(status);
  });

  it('drops what may be a credential when the origin changes, and keeps it when it does not', async () => {
    const other = await httpServer();
    const server = await redirecting(() => target);
    let target = `${other.origin}/end`;
    const { http } = httpGate();
    const headers: [string, string][] = [
      ['authorization', 'Bearer a'],
      ['cookie', 'sid=1'],
      ['x-api-key', 'k'],
      ['accept', 'text/plain'],
    ];
    await http.fetch(request(`${server.origin}/hop/302`, { headers }));
    expect(other.requests[0]!.headers).not.toHaveProperty('authorization');
    expect(other.requests[0]!.headers).not.toHaveProperty('cookie');
    expect(other.requests[0]!.headers).not.toHaveProperty('x-api-key');
    expect(other.requests[0]!.headers.accept).toBe('text/plain');
    target = '/end';
    await http.fetch(request(`${server.origin}/hop/302`, { headers }));
    expect(server.requests.at(-1)!.headers).toMatchObject({
      authorization: 'Bearer a',
      cookie: 'sid=1',
      'x-api-key': 'k',
    });
  });

  it('follows no more hops than the lower of guest and configuration', async () => {
    const server = await redirecting(() => '/hop/302');
    const { http } = httpGate({ config: { maxRedirects: 2 } });
    expect(await failureTag(http.fetch(request(`${server.origin}/hop/302`)))).toBe('redirect-refused');
    expect(server.requests).toHaveLength(3);
    expect(await failureTag(http.fetch(request(`${server.origin}/hop/302`, { maxRedirects: 1 })))).toBe(
      'redirect-refused',
    );
    expect(server.requests).toHaveLength(5);
    expect(await failureTag(http.fetch(request(`${server.origin}/hop/302`, { maxRedirects: 100 })))).toBe(
      'redirect-refused',
    );
    expect(server.requests).toHaveLength(8);
    expect((await http.fetch(request(`${server.origin}/hop/302`, { maxRedirects: 0 }))).status).toBe(302);
    expect(server.requests).toHaveLength(9);
  });

  it.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'gopher://127.0.0.1/',
    'http://user:pw@127.0.0.1/',
    'http:\\\\127.0.0.1\\',
    'http://[::1%25lo]/',
    'http://a..b/',
    '/a%2fb',
    `/${'a/'.repeat(300)}`,
  ])('refuses to follow to %j', async (location) => {
    const server = await redirecting(() => location);
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/hop/302`)))).toBe('redirect-refused');
    expect(server.requests).toHaveLength(1);
  });

  it('follows to a target with a fragment, without the fragment', async () => {
    const server = await redirecting(() => '/end?a=1#part');
    const { http } = httpGate();
    expect((await http.fetch(request(`${server.origin}/hop/302`))).url).toBe(`${server.origin}/end?a=1`);
  });

  it('treats streamed answers the same way', async () => {
    const inside = await httpServer();
    const server = await redirecting(() => target);
    let target = `${inside.origin}/`;
    const { http, records } = httpGate({ allow: ({ resource }) => resource.startsWith(server.origin) });
    expect(await failureTag(http.open(request(`${server.origin}/hop/302`)))).toBe('denied:no-rule');
    expect(inside.contacts()).toBe(0);
    target = '/end';
    expect((await http.open(request(`${server.origin}/hop/302`))).url).toBe(`${server.origin}/end`);
    expect(records.filter(({ type }) => type === 'effect.intended')).toHaveLength(3);
  });
});
