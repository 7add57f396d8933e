import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request } from '../../gates/http/http-gate.ts';
import { httpServer, once, rawServer } from '../../gates/http/loopback.ts';
import { BAD_NAMES, BAD_VALUES, FORBIDDEN } from './header-texts.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('H7: a guest cannot write framing or a second header', () => {
  it.each(FORBIDDEN)('refuses the field %s without a contact', async (name) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`, { headers: [[name, '1']] })))).toBe(
      'invalid-request',
    );
    expect(server.contacts()).toBe(0);
  });

  it.each(BAD_NAMES)('refuses the name %j', async (name) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`, { headers: [[name, '1']] })))).toBe(
      'invalid-request',
    );
    expect(server.contacts()).toBe(0);
  });

  it.each(BAD_VALUES)('refuses the value %j', async (value) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`, { headers: [['x-a', value]] })))).toBe(
      'invalid-request',
    );
    expect(server.contacts()).toBe(0);
  });

  it('refuses too many and too large headers, and two of a field that stands once', async () => {
    const { http } = httpGate();
    const many = Array.from({ length: 65 }, (_, index) => [`x-${index}`, 'a'] as const);
    expect(await failureTag(http.fetch(request('http://127.0.0.1/', { headers: many })))).toBe('invalid-request');
    expect(await failureTag(http.fetch(request('http://127.0.0.1/', { headers: [['x-a', 'a'.repeat(16_385)]] })))).toBe(
      'invalid-request',
    );
    const twice = [
      ['Content-Type', 'a/b'],
      ['content-type', 'c/d'],
    ] as const;
    expect(await failureTag(http.fetch(request('http://127.0.0.1/', { method: 'post', headers: twice })))).toBe(
      'invalid-request',
    );
  });

  it('puts exactly these bytes on the wire', async () => {
    const server = await rawServer(once(OK));
    const { http } = httpGate();
    await http.fetch(
      request(`${server.origin}/a%20b?c=%0d%0aHost:%20evil.test`, {
        method: 'put',
        headers: [['X-One', ' 1\t']],
        body: bytesOf('body'),
      }),
    );
    expect(server.received()).toBe(
      [
        'PUT /a%20b?c=%0d%0aHost:%20evil.test HTTP/1.1',
        `host: 127.0.0.1:${server.port}`,
        'connection: keep-alive',
        'x-one: 1',
        'accept-encoding: gzip, deflate, br, zstd',
        'user-agent: sallyport',
        'content-length: 4',
        '',
        'body',
      ].join('\r\n'),
    );
  });

  it('sends the fields that a guest may set', async () => {
    const server = await httpServer();
    const { http } = httpGate();
    await http.fetch(
      request(`${server.origin}/`, {
        headers: [
          ['Authorization', 'Bearer t'],
          ['Accept-Encoding', 'identity'],
          ['User-Agent', 'mine/1'],
          ['X-A', ''],
          ['X-A', 'b'],
        ],
      }),
    );
    expect(server.requests[0]!.headers).toMatchObject({
      authorization: 'Bearer t',
      'accept-encoding': 'identity',
      'user-agent': 'mine/1',
      'x-a': ', b',
    });
  });
});
