import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request, textOf } from '../../gates/http/http-gate.ts';
import { httpServer, once, rawServer } from '../../gates/http/loopback.ts';

const head = (...lines: string[]) => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');

const BROKEN: readonly (readonly [claim: string, bytes: string])[] = [
  ['both framings', `${head('content-length: 4', 'transfer-encoding: chunked')}0\r\n\r\n`],
  ['two lengths', `${head('content-length: 2', 'content-length: 4')}ok`],
  ['a length with a sign', `${head('content-length: +2')}ok`],
  ['a list of lengths', `${head('content-length: 2, 2')}ok`],
  ['a chunk size that is no number', `${head('transfer-encoding: chunked')}zz\r\nok\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', `${head('transfer-encoding: chunked')}1\r\nokok\r\n0\r\n\r\n`],
  ['a chunked coding that is not the last', `${head('transfer-encoding: chunked, gzip', 'content-length: 2')}ok`],
  ['a field name with space', `${head('content-length : 2')}ok`],
  ['a folded field', `${head('x-a: 1', ' folded: 2', 'content-length: 2')}ok`],
  ['a header with NUL', `${head('x-a: 1\u0000', 'content-length: 2')}ok`],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.0\r\n\r\n'],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  [
    'an upgrade without asking',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
  ],
  ['100 without asking', `HTTP/1.1 100 Continue\r\n\r\n${head('content-length: 2')}ok`],
  ['a status above 599', 'HTTP/1.1 700 What\r\ncontent-length: 0\r\n\r\n'],
  ['many interim answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)],
];

describe('H8: an answer with broken framing ends its connection', () => {
  it.each(BROKEN)('refuses %s', async (_claim, bytes) => {
    const server = await rawServer(once(bytes));
    const { http, faults } = httpGate({
      config: { timeouts: { connectMs: 1000, firstByteMs: 900, idleMs: 900, totalMs: 3000 } },
    });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('protocol-error');
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('protocol-error');
    expect(server.contacts()).toBe(2);
    expect(faults).toEqual([]);
  });

  it('does not take bytes after an answer for the next answer', async () => {
    const evil = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil';
    const server = await rawServer(once(`${head('content-length: 2')}ok${evil}`));
    const { http } = httpGate();
    const texts: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      const response = await http.fetch(request(`${server.origin}/`)).catch(() => undefined);
      if (response !== undefined) texts.push(textOf(response.body));
    }
    expect(texts.length).toBeGreaterThan(0);
    expect(new Set(texts)).toEqual(new Set(['ok']));
  });

  it('does not take a body after HEAD for the next answer', async () => {
    const evil = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil';
    const server = await rawServer(once(`${head(`content-length: ${evil.length}`)}${evil}`));
    const { http } = httpGate();
    const first = await http.fetch(request(`${server.origin}/`, { method: 'head' }));
    expect(first.body).toHaveLength(0);
    await http.fetch(request(`${server.origin}/`, { method: 'head' }));
    expect(server.contacts()).toBe(2);
  });

  it('tells a body that breaks off from a whole one', async () => {
    const server = await rawServer((socket) => socket.end(`${head('content-length: 10')}half`));
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toMatch(/^(connection-failed|protocol-error)$/);
  });

  it('sends one framing for a body', async () => {
    const server = await rawServer(once(`${head('content-length: 2')}ok`));
    const { http } = httpGate();
    const smuggled = '0\r\n\r\nGET /admin HTTP/1.1\r\nhost: x\r\n\r\n';
    await http.fetch(request(`${server.origin}/`, { method: 'post', body: bytesOf(smuggled) }));
    expect(server.received().match(/content-length:/g)).toHaveLength(1);
    expect(server.received()).toContain(`content-length: ${smuggled.length}\r\n\r\n${smuggled}`);
    expect(server.received()).not.toContain('transfer-encoding');
  });

  it.each(['get', 'head'])('refuses a body for %s', async (method) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`, { method, body: bytesOf('x') })))).toBe(
      'invalid-request',
    );
    expect(server.contacts()).toBe(0);
  });

  it('reads chunked answers and answers that end with the connection', async () => {
    const chunked = await rawServer(once(`${head('transfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`));
    const closing = await rawServer((socket) =>
      socket.end(`${head('connection: close, x-hop', 'x-hop: 1')}till the end`),
    );
    const { http } = httpGate();
    expect(textOf((await http.fetch(request(`${chunked.origin}/`))).body)).toBe('ok');
    const response = await http.fetch(request(`${closing.origin}/`));
    expect(textOf(response.body)).toBe('till the end');
    expect(response.headers).toEqual([]);
  });
});
