import { describe, expect, it } from 'vitest';
import { once, httpServer, rawServer } from '../gates/http/loopback.ts';
import { call, drain, httpGuest, open, responseOf, textOf, writeAll, writeTo, type HttpGuest } from './http-guest.ts';

const types = ({ gate }: HttpGuest) => gate.records.map(({ type }) => type);
const outcomes = ({ gate }: HttpGuest) => gate.records.flatMap(({ outcome }) => (outcome ? [outcome] : []));
const POST = { method: { tag: 'post' } };
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('a request of wasi:http', () => {
  it('is decided, recorded before it leaves, and settled when its answer was read', async () => {
    const server = await httpServer((response) => response.writeHead(201, { 'x-one': '1' }).end('hello'));
    const guest = httpGuest();
    const future = guest.handle(guest.to(`${server.origin}/path?q=1`, { headers: [['accept', 'text/plain']] }));
    expect(types(guest)).toEqual(['effect.intended']);
    const response = responseOf(await guest.come(future));
    expect(call(response, 'status')).toBe(201);
    expect(call(call(response, 'headers'), 'get', 'X-One')).toEqual([Buffer.from('1')]);
    const { body, stream } = open(response);
    expect((await drain(guest, stream)).bytes.toString()).toBe('hello');
    const trailers = guest.finishIncoming(body);
    expect(call(call(trailers, 'subscribe'), 'ready')).toBe(true);
    expect(call(trailers, 'get')).toEqual({ tag: 'ok', val: { tag: 'ok', val: undefined } });
    expect(call(trailers, 'get')).toEqual({ tag: 'err', val: undefined });
    expect(server.requests[0]).toMatchObject({ method: 'GET', target: '/path?q=1', headers: { accept: 'text/plain' } });
    expect(types(guest)).toEqual(['effect.intended', 'effect.settled']);
    expect(guest.gate.records[0]).toMatchObject({ action: 'http:GET', resource: `${server.origin}/path` });
    expect(outcomes(guest)[0]).toMatchObject({ status: 'ok', bytesIn: 5 });
  });

  it('gives its answer once', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const future = guest.handle(guest.to(`${server.origin}/`));
    expect(call(future, 'get')).toBeUndefined();
    await guest.come(future);
    expect(call(future, 'get')).toEqual({ tag: 'err', val: undefined });
  });

  it('that no rule allows is denied in its future, with a record, and reaches nobody', async () => {
    const server = await httpServer();
    const guest = httpGuest({ allow: () => false });
    const future = guest.handle(guest.to(`${server.origin}/secret?token=x`));
    expect(call(call(future, 'subscribe'), 'ready')).toBe(true);
    expect(await guest.come(future)).toEqual({ code: 'HTTP-request-denied' });
    expect(server.contacts()).toBe(0);
    expect(guest.gate.records).toMatchObject([
      { type: 'effect.denied', action: 'http:GET', resource: `${server.origin}/secret` },
    ]);
    expect(JSON.stringify(guest.gate.records)).not.toContain('token=x');
  });

  it('is not sent where the record cannot be written', async () => {
    const server = await httpServer();
    const guest = httpGuest({ auditFailsAt: 0 });
    expect(await guest.send(guest.to(`${server.origin}/`))).toEqual({ code: 'HTTP-request-denied' });
    expect(server.contacts()).toBe(0);
  });

  it.each([301, 302, 303, 307, 308])(
    'that is answered with %i gets that answer: no redirect is followed',
    async (status) => {
      const elsewhere = await httpServer();
      const server = await httpServer((response) =>
        response.writeHead(status, { location: `${elsewhere.origin}/` }).end(),
      );
      const guest = httpGuest();
      const response = responseOf(await guest.send(guest.to(`${server.origin}/`)));
      expect(call(response, 'status')).toBe(status);
      expect(call(call(response, 'headers'), 'get', 'location')).toEqual([Buffer.from(`${elsewhere.origin}/`)]);
      expect(elsewhere.contacts()).toBe(0);
      call(response, Symbol.dispose);
      expect(types(guest)).toEqual(['effect.intended', 'effect.settled']);
    },
  );

  it('of many at once are waited for together, and with a timer', async () => {
    const slow = await httpServer((response, _incoming, { target }) => {
      setTimeout(() => response.end(target), target === '/quick' ? 5 : 150);
    });
    const guest = httpGuest();
    const futures = ['/late', '/quick', '/later'].map((path) => guest.handle(guest.to(`${slow.origin}${path}`)));
    const pollables = futures.map((future) => call(future, 'subscribe') as object);
    const clock = guest.imports.get('wasi:clocks/monotonic-clock');
    const timer = call(clock, 'subscribeDuration', 60_000_000_000n) as object;
    expect(await guest.poll([...pollables, timer])).toEqual([1]);
    expect(await textOf(guest, await guest.come(futures[1]!))).toBe('/quick');
    const soon = call(clock, 'subscribeDuration', 1_000_000n) as object;
    expect(await guest.poll([pollables[0]!, soon])).toEqual([1]);
    const texts = await Promise.all(
      [futures[0]!, futures[2]!].map(async (future) => textOf(guest, await guest.come(future))),
    );
    expect(texts).toEqual(['/late', '/later']);
  });

  it('are bounded in number: one too many fails, and a finished one gives room again', async () => {
    const server = await httpServer(() => undefined);
    const guest = httpGuest();
    const futures = Array.from({ length: 16 }, () => guest.handle(guest.to(`${server.origin}/`)));
    expect(await guest.send(guest.to(`${server.origin}/`))).toEqual({ code: 'connection-limit-reached' });
    call(futures[0], Symbol.dispose);
    expect(call(guest.handle(guest.to(`${server.origin}/`)), 'get')).toBeUndefined();
    expect(types(guest).filter((type) => type === 'effect.intended')).toHaveLength(18);
  });
});

describe('the body of a request', () => {
  it('that is whole before the guest waits is sent as one: its size is decided on, its digest recorded', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, POST);
    const { body, stream } = writeTo(request);
    const future = guest.handle(request);
    call(stream, 'write', Buffer.from('hello'));
    call(stream, Symbol.dispose);
    guest.finishBody(body);
    responseOf(await guest.come(future));
    expect(server.requests[0]).toMatchObject({ body: 'hello', headers: { 'content-length': '5' } });
    expect(guest.gate.records[0]?.request).toMatchObject({
      bodyBytes: 5,
      bodyDigest: expect.stringMatching(/^sha256:/) as string,
    });
  });

  it.each(['before', 'after'])('may be written %s the request is handed over', async (when) => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, POST);
    const { body, stream } = writeTo(request);
    const early = when === 'before' ? undefined : guest.handle(request);
    await call(stream, 'blockingWriteAndFlush', Buffer.from('part one, '));
    await turn();
    await call(stream, 'blockingWriteAndFlush', Buffer.from('part two'));
    if (early === undefined) guest.finishBody(body);
    const future = early ?? guest.handle(request);
    if (early !== undefined) guest.finishBody(body);
    responseOf(await guest.come(future));
    expect(server.requests[0]).toMatchObject({ method: 'POST', body: 'part one, part two' });
  });

  it.each([
    ['of no request', 'none', POST],
    ['that is empty', 'empty', POST],
    ['that is empty, of a GET', 'empty', {}],
    ['that is still open, of a GET', 'open', {}],
  ])('%s is no body', async (_, kind, wanted) => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, wanted);
    const body = kind === 'none' ? undefined : (call(request, 'body') as object);
    if (kind === 'empty') guest.finishBody(body!);
    responseOf(await guest.send(request));
    expect(server.requests[0]).toMatchObject({ body: '' });
    expect(guest.gate.records[0]?.request).not.toHaveProperty('bodyStreamed');
    if (kind === 'open') expect(call(body, 'write')).toBeTypeOf('object');
  });

  it('is streamed both ways, ten megabytes through buffers that are far smaller', async () => {
    const server = await httpServer((response, _incoming, seen) => response.end(seen.body));
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, { method: { tag: 'put' } });
    const { body, stream } = writeTo(request);
    const future = guest.handle(request);
    const all = Buffer.alloc(10_000_000, 'abcdefghijk');
    await writeAll(stream, all);
    call(stream, Symbol.dispose);
    guest.finishBody(body);
    const { bytes, end } = await drain(guest, open(responseOf(await guest.come(future))).stream);
    expect(end).toBe('closed');
    expect(bytes.equals(all)).toBe(true);
    expect(server.requests[0]?.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(guest.gate.records[0]?.request).toMatchObject({ bodyStreamed: true });
    expect(outcomes(guest)).toMatchObject([{ status: 'ok', bytesOut: 10_000_000, bytesIn: 10_000_000 }]);
  });

  it('of a length that was said is framed by it', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, { ...POST, headers: [['Content-Length', '6']] });
    const { body, stream } = writeTo(request);
    const future = guest.handle(request);
    await call(stream, 'blockingWriteAndFlush', Buffer.from('abc'));
    await turn();
    await call(stream, 'blockingWriteAndFlush', Buffer.from('def'));
    guest.finishBody(body);
    responseOf(await guest.come(future));
    expect(server.requests[0]).toMatchObject({ body: 'abcdef', headers: { 'content-length': '6' } });
    expect(server.requests[0]?.headers).not.toHaveProperty('transfer-encoding');
    expect(guest.gate.records[0]?.request).toMatchObject({ bodyStreamed: true, bodyBytes: 6 });
  });

  it('holds the guest back while the server does not read', async () => {
    const server = await rawServer((socket) => socket.pause());
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, POST);
    const { stream } = writeTo(request);
    const future = guest.handle(request);
    let written = 0;
    const writing = (async () => {
      for (; written < 64; written += 1) await writeAll(stream, new Uint8Array(1 << 20));
    })().catch(() => 'closed');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).toBeLessThan(32);
    expect(call(stream, 'checkWrite')).toBe(0n);
    call(future, Symbol.dispose);
    expect(await writing).toBe('closed');
  });

  it('gets the answer of a server that does not wait for it, and goes on to nobody', async () => {
    const server = await rawServer(once('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno'));
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, POST);
    const { body, stream } = writeTo(request);
    const future = guest.handle(request);
    await call(stream, 'blockingWriteAndFlush', Buffer.from('first'));
    const came = await guest.come(future);
    expect(call(responseOf(came), 'status')).toBe(413);
    expect(await textOf(guest, came)).toBe('no');
    guest.finishBody(body);
    expect(outcomes(guest)).toHaveLength(1);
  });
});

describe('failures', () => {
  it.each([
    ['a name that is not known', 'http://unknown.example.test/', 'DNS-error'],
    ['an address that may not be reached', 'http://169.254.169.254/', 'destination-IP-prohibited'],
    ['nobody who listens', 'http://127.0.0.1:9/', 'connection-refused'],
  ])('%s: %s is %s', async (_, url, code) => {
    const guest = httpGuest({ rules: [{ id: 'r', namesHost: !url.includes('169.254') }] });
    expect(await guest.send(guest.to(url))).toEqual({ code });
  });

  it.each([
    ['what is not HTTP', 'hello\r\n\r\n', 'HTTP-protocol-error'],
    ['a header that is too large', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`, 'HTTP-response-body-size'],
    [
      'a body that is announced too large',
      'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n',
      'HTTP-response-body-size',
    ],
  ])('of %s', async (_, answer, code) => {
    const server = await rawServer(once(answer));
    const guest = httpGuest({ config: { maxStreamBytes: 1000 } });
    expect(await guest.send(guest.to(`${server.origin}/`))).toEqual({ code });
  });

  it('of a connection that ends before the answer', async () => {
    const server = await rawServer((socket) => socket.destroy());
    const guest = httpGuest();
    expect(await guest.send(guest.to(`${server.origin}/`))).toEqual({ code: 'connection-terminated' });
  });

  it('of a body that is cut is told by its stream, and by what would be its trailers', async () => {
    const server = await rawServer((socket, received) => {
      if (received.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
    });
    const guest = httpGuest();
    const { body, stream } = open(responseOf(await guest.send(guest.to(`${server.origin}/`))));
    const { end } = await drain(guest, stream);
    expect(['HTTP-response-incomplete', 'HTTP-protocol-error']).toContain(end);
    expect(call(guest.finishIncoming(body), 'get')).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: end } } });
    expect(outcomes(guest)).toMatchObject([{ status: 'error' }]);
  });

  it('of a body without end are bounded', async () => {
    const server = await httpServer((response) => {
      const more = () => {
        while (response.write('x'.repeat(1000)));
        response.once('drain', more);
      };
      more();
    });
    const guest = httpGuest({ config: { maxStreamBytes: 100_000 } });
    const { end } = await drain(guest, open(responseOf(await guest.send(guest.to(`${server.origin}/`)))).stream);
    expect(end).toBe('HTTP-response-body-size');
  });

  it.each([
    ['first byte', { firstByte: 30_000_000n }, 'HTTP-response-timeout'],
    ['nothing above the configuration', { firstByte: 2n ** 63n }, 'HTTP-response-timeout'],
  ])('of time: %s', async (_, timeouts, code) => {
    const server = await httpServer(() => undefined);
    const timeouts_ = { connectMs: 10_000, firstByteMs: 300, idleMs: 30_000, totalMs: 60_000 };
    const guest = httpGuest({ config: { timeouts: timeouts_ } });
    const began = performance.now();
    expect(await guest.send(guest.to(`${server.origin}/`), guest.options(timeouts))).toEqual({ code });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('of time between two pieces', async () => {
    const server = await httpServer(
      (response) => void response.writeHead(200, { 'content-length': '10' }).write('half'),
    );
    const guest = httpGuest();
    const came = await guest.send(guest.to(`${server.origin}/`), guest.options({ betweenBytes: 30_000_000n }));
    const { bytes, end } = await drain(guest, open(responseOf(came)).stream);
    expect(bytes.toString()).toBe('half');
    expect(end).toBe('connection-read-timeout');
  });
});
