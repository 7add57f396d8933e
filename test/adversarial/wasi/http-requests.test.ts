import { describe, expect, it } from 'vitest';
import { httpServer, once, rawServer } from '../../gates/http/loopback.ts';
import { call, drain, httpGuest, open, responseOf, thrownBy, writeTo } from '../../wasi/http-guest.ts';
import { BAD_NAMES, BAD_VALUES, FORBIDDEN } from '../http/header-texts.ts';

const error = (tag: string) => ({ payload: { tag } });
const value = (text: string) => new TextEncoder().encode(text);
const HOST_FIELDS = FORBIDDEN.filter((name) => name !== 'Content-Length');

describe('a guest of wasi:http cannot write framing or a second header', () => {
  it.each(HOST_FIELDS)('is told that %s is forbidden, by each way to set it', (name) => {
    const guest = httpGuest();
    expect(thrownBy(() => guest.fields([[name, '1']]))).toEqual(error('forbidden'));
    const fields = guest.fields([]);
    expect(thrownBy(() => call(fields, 'append', name, value('1')))).toEqual(error('forbidden'));
    expect(thrownBy(() => call(fields, 'set', name, [value('1')]))).toEqual(error('forbidden'));
    expect(thrownBy(() => call(fields, 'set', name, []))).toEqual(error('forbidden'));
    expect(call(fields, 'entries')).toEqual([]);
  });

  it.each(BAD_NAMES)('is told that %j is no name', (name) => {
    expect(thrownBy(() => httpGuest().fields([[name, '1']]))).toEqual(error('invalid-syntax'));
  });

  it.each(BAD_VALUES)('cannot send the value %j', async (text) => {
    const server = await httpServer();
    const guest = httpGuest();
    if (/[\r\n\0]/u.test(text)) {
      expect(thrownBy(() => guest.fields([['x-a', text]]))).toEqual(error('invalid-syntax'));
    } else {
      const request = guest.to(`${server.origin}/`, { headers: [['x-a', text]] });
      expect(await guest.send(request)).toEqual({ code: 'HTTP-protocol-error' });
    }
    expect(server.contacts()).toBe(0);
  });

  it('is held to bounds of number and size, by the fields and by the gate', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const many = Array.from({ length: 100_000 }, (_, index) => [`x-${index}`, ''] as const);
    expect(thrownBy(() => guest.fields(many))).toEqual(error('forbidden'));
    const fields = guest.fields([]);
    let taken = 0;
    for (const [name] of many) {
      try {
        call(fields, 'append', name, value(''));
        taken += 1;
      } catch {
        break;
      }
    }
    expect(taken).toBe(256);
    for (const headers of [many.slice(0, 65), [['x', 'x'.repeat(17_000)] as const]]) {
      const request = guest.to(`${server.origin}/`, { headers });
      expect(await guest.send(request)).toEqual({ code: 'HTTP-request-header-section-size' });
    }
    expect(server.contacts()).toBe(0);
  });
});

describe('methods', () => {
  it.each(['', 'GET\n', 'GET /', 'G ET', 'GET\u0000', 'GÉT', 'x'.repeat(33)])('do not take %j', (val) => {
    const guest = httpGuest();
    const request = guest.request({ authority: 'a.test' });
    expect(thrownBy(() => call(request, 'setMethod', { tag: 'other', val }))).toEqual({ payload: undefined });
  });

  it.each([
    { tag: 'connect' },
    { tag: 'trace' },
    { tag: 'other', val: 'CONNECT' },
    { tag: 'other', val: 'get' },
    { tag: 'other', val: 'Get' },
    { tag: 'other', val: 'PROPFIND' },
    { tag: 'other', val: '__proto__' },
    { tag: 'other', val: 'PRI' },
  ])('that the gate does not know are refused and recorded: %j', async (method) => {
    const server = await httpServer();
    const guest = httpGuest();
    expect(await guest.send(guest.to(`${server.origin}/`, { method }))).toEqual({
      code: 'HTTP-request-method-invalid',
    });
    expect(server.contacts()).toBe(0);
    expect(guest.gate.records).toMatchObject([{ type: 'effect.denied', action: 'http:?' }]);
  });

  it('by another name are decided on as what they are', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    responseOf(await guest.send(guest.to(`${server.origin}/`, { method: { tag: 'other', val: 'DELETE' } })));
    expect(guest.gate.records[0]).toMatchObject({ action: 'http:DELETE' });
    expect(server.requests[0]?.method).toBe('DELETE');
  });
});

describe('authority, path and scheme', () => {
  it.each([
    ['setAuthority', ''],
    ['setAuthority', 'a.test/b'],
    ['setAuthority', 'a.test?b'],
    ['setAuthority', 'a.test#b'],
    ['setAuthority', 'a.test\\b'],
    ['setAuthority', 'a.test\r\nHost: b.test'],
    ['setAuthority', 'a.test b.test'],
    ['setAuthority', 'ä.test'],
    ['setAuthority', 'a'.repeat(513)],
    ['setPathWithQuery', 'x'],
    ['setPathWithQuery', '@b.test/'],
    ['setPathWithQuery', '.b.test/'],
    ['setPathWithQuery', ':80/'],
    ['setPathWithQuery', 'http://b.test/'],
    ['setPathWithQuery', '*'],
    ['setPathWithQuery', '/a b'],
    ['setPathWithQuery', '/a#b'],
    ['setPathWithQuery', '/a\\b'],
    ['setPathWithQuery', '/ HTTP/1.1\r\nHost: b.test\r\n\r\n'],
    ['setPathWithQuery', `/${'a'.repeat(8192)}`],
  ])('%s does not take %j, and leaves what was there', (setter, text) => {
    const guest = httpGuest();
    const request = guest.request({ authority: 'good.test', path: '/good' });
    expect(thrownBy(() => call(request, setter, text))).toEqual({ payload: undefined });
    expect([call(request, 'authority'), call(request, 'pathWithQuery')]).toEqual(['good.test', '/good']);
  });

  it.each([
    ['no authority', { authority: undefined }],
    ['user information', { authority: 'user:pass@127.0.0.1' }],
    ['another scheme', { scheme: { tag: 'other', val: 'ftp' }, authority: '127.0.0.1' }],
    ['a port that is none', { authority: '127.0.0.1:99999' }],
    ['an escaped slash', { authority: '127.0.0.1', path: '/a%2fb' }],
  ])('that are refused by the gate are recorded: %s', async (_, wanted) => {
    const guest = httpGuest();
    expect(await guest.send(guest.request(wanted))).toEqual({ code: 'HTTP-request-URI-invalid' });
    expect(guest.gate.records).toMatchObject([{ type: 'effect.denied', resource: '(not in canonical form)' }]);
    expect(guest.gate.dials).toEqual([]);
  });
});

describe('a length that a guest says', () => {
  it.each(['-1', '+5', '0x5', '5, 5', ' 5', '5 ', '1e3', '', '9'.repeat(16), '५'])(
    'and that is none is refused: %j',
    async (text) => {
      const server = await httpServer();
      const guest = httpGuest();
      const request = guest.to(`${server.origin}/`, { method: { tag: 'post' }, headers: [['Content-Length', text]] });
      expect(await guest.send(request)).toEqual({ code: 'HTTP-protocol-error' });
      expect(server.contacts()).toBe(0);
    },
  );

  it.each([
    [
      'twice',
      [
        ['content-length', '5'],
        ['Content-Length', '5'],
      ],
      'HTTP-protocol-error',
    ],
    ['of a body that there is not', [['content-length', '5']], 'HTTP-protocol-error'],
  ] as const)('%s is refused', async (_, headers, code) => {
    const server = await httpServer();
    const guest = httpGuest();
    expect(await guest.send(guest.to(`${server.origin}/`, { method: { tag: 'post' }, headers }))).toEqual({ code });
    expect(server.contacts()).toBe(0);
  });

  it('and does not reach cuts the request off, so that no server takes it for whole', async () => {
    let closed = false;
    const server = await rawServer((socket) => socket.on('close', () => (closed = true)));
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, { method: { tag: 'post' }, headers: [['content-length', '10']] });
    const { body, stream } = writeTo(request);
    const future = guest.handle(request);
    await call(stream, 'blockingWriteAndFlush', value('short'));
    await expect.poll(() => server.received()).toContain('short');
    expect(thrownBy(() => guest.finishBody(body))).toEqual(error('HTTP-request-body-size'));
    expect(await guest.come(future)).toMatchObject({
      code: expect.stringMatching(/connection-terminated|body-size/) as string,
    });
    await expect.poll(() => closed).toBe(true);
    expect(guest.gate.records.filter(({ outcome }) => outcome !== undefined)).toHaveLength(1);
  });

  it('and passes fails the stream and the request', async () => {
    const server = await rawServer(() => undefined);
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, { method: { tag: 'post' }, headers: [['content-length', '3']] });
    const { stream } = writeTo(request);
    const future = guest.handle(request);
    const { payload } = thrownBy(() => call(stream, 'write', value('long'))) as { payload: { tag: string } };
    expect(payload.tag).toBe('last-operation-failed');
    expect(thrownBy(() => call(stream, 'checkWrite'))).toEqual(error('closed'));
    expect(await guest.come(future)).toHaveProperty('code');
    expect(server.received()).not.toContain('lon');
  });
});

describe('trailers', () => {
  it('are refused rather than left out, and the request with them', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, { method: { tag: 'post' } });
    const { body } = writeTo(request);
    const future = guest.handle(request);
    expect(thrownBy(() => guest.finishBody(body, guest.fields([['x-sum', '1']])))).toEqual(
      error('HTTP-request-trailer-section-size'),
    );
    expect(await guest.come(future)).toHaveProperty('code');
    expect(server.requests).toEqual([]);
  });

  it('that are empty are none', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, { method: { tag: 'post' } });
    const { body } = writeTo(request);
    const future = guest.handle(request);
    guest.finishBody(body, guest.fields([]));
    responseOf(await guest.come(future));
  });
});

describe('an answer', () => {
  it.each([
    ['with more fields than there may be', Array.from({ length: 300 }, (_, index) => `x-${index}: 1`).join('\r\n')],
    ['with two layers of coding', 'content-encoding: gzip, gzip'],
  ])('%s is none', async (_, fields) => {
    const server = await rawServer(once(`HTTP/1.1 200 OK\r\n${fields}\r\ncontent-length: 0\r\n\r\n`));
    const guest = httpGuest();
    expect(await guest.send(guest.to(`${server.origin}/`))).toHaveProperty('code');
  });

  it('cannot be changed in its fields', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const response = responseOf(await guest.send(guest.to(`${server.origin}/`)));
    const headers = call(response, 'headers');
    expect(thrownBy(() => call(headers, 'append', 'x', value('1')))).toEqual(error('immutable'));
    const copy = call(headers, 'clone');
    call(copy, 'append', 'x', value('1'));
    expect(call(call(response, 'headers'), 'has', 'x')).toBe(false);
  });

  it('that unfolds beyond the bound breaks', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const server = await httpServer((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const guest = httpGuest();
    const { end } = await drain(guest, open(responseOf(await guest.send(guest.to(`${server.origin}/`)))).stream);
    expect(end).toBe('HTTP-response-body-size');
  });
});
