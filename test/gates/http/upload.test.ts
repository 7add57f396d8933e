import { describe, expect, it } from 'vitest';
import { bytesOf, failure, failureTag, httpGate, request, restOf, type GateUnderTest } from './http-gate.ts';
import { httpServer, rawServer } from './loopback.ts';

const MIB = 1024 * 1024;

const put = ({ http }: GateUnderTest, url: string, length?: bigint) =>
  http.upload(request(url, { method: 'put' }), length);
const outcomes = ({ records }: GateUnderTest) => records.filter(({ outcome }) => outcome !== undefined);

describe('http upload', () => {
  it('records the intent before the first byte, sends pieces as they are written, and settles with real counts', async () => {
    const server = await httpServer((response, _incoming, { body }) => response.end(`got ${body.length}`));
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`);
    expect(gate.records.map(({ type }) => type)).toEqual(['effect.intended']);
    for (const piece of ['one', 'two', 'three']) await body.write(bytesOf(piece));
    const answer = await body.finish();
    expect(answer.status).toBe(200);
    expect((await restOf(answer)).toString()).toBe('got 11');
    expect(server.requests[0]).toMatchObject({ method: 'PUT', body: 'onetwothree' });
    expect(server.requests[0]?.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(gate.records.map(({ type }) => type)).toEqual(['effect.intended', 'effect.settled']);
    expect(gate.records[0]?.request).toMatchObject({ bodyStreamed: true });
    expect(gate.records[1]?.outcome).toMatchObject({ status: 'ok', bytesOut: 11, bytesIn: 6 });
  });

  it('frames a body of a known length by that length', async () => {
    const server = await httpServer();
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`, 6n);
    await body.write(bytesOf('abc'));
    await body.write(bytesOf('def'));
    expect((await body.finish()).status).toBe(200);
    expect(server.requests[0]?.headers).toMatchObject({ 'content-length': '6' });
    expect(server.requests[0]?.headers).not.toHaveProperty('transfer-encoding');
    expect(gate.records[0]?.request).toMatchObject({ bodyStreamed: true, bodyBytes: 6 });
  });

  it.each([undefined, 0n])('sends an empty body (length %s)', async (length) => {
    const server = await httpServer();
    const body = await put(httpGate(), `${server.origin}/`, length);
    expect((await body.finish()).status).toBe(200);
    expect(server.requests[0]).toMatchObject({ method: 'PUT', body: '' });
  });

  it('holds the guest back while the server does not read', async () => {
    let stuck = true;
    const server = await rawServer((socket) => {
      if (stuck) socket.pause();
    });
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`, BigInt(256 * MIB));
    let written = 0;
    const writing = (async () => {
      for (; written < 256; written += 1) await body.write(new Uint8Array(MIB));
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).toBeLessThan(32);
    stuck = false;
    body[Symbol.dispose]();
    await writing;
  });

  it.each([
    ['longer', 3n, 'abcd', 'the body is longer than was said'],
    ['larger', undefined, 'x'.repeat(101), 'the body is larger than the limit'],
  ])('cuts off a body that is %s than it may be', async (_, length, text, reason) => {
    const server = await httpServer();
    const gate = httpGate({ config: { maxUploadBytes: 100 } });
    const body = await put(gate, `${server.origin}/`, length);
    expect(await failure(body.write(bytesOf(text)))).toEqual({ tag: 'invalid-request', val: reason });
    expect(outcomes(gate)[0]?.outcome).toMatchObject({ status: 'error', code: 'abandoned', bytesOut: 0 });
    expect(server.requests).toEqual([]);
  });

  it('cuts off a body that is shorter than was said', async () => {
    const server = await httpServer();
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`, 10n);
    await body.write(bytesOf('abc'));
    expect(await failure(body.finish())).toEqual({
      tag: 'invalid-request',
      val: 'the body is shorter than was said',
    });
    await expect.poll(() => server.contacts()).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it('cuts the request off when the body is dropped, so that no server takes it for whole', async () => {
    let closed = false;
    const server = await rawServer((socket) => socket.on('close', () => (closed = true)));
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`);
    await body.write(bytesOf('part'));
    await expect.poll(() => server.received()).toContain('part');
    body[Symbol.dispose]();
    await expect.poll(() => closed).toBe(true);
    expect(server.received()).not.toContain('\r\n0\r\n');
    expect(outcomes(gate)).toHaveLength(1);
    expect(outcomes(gate)[0]?.outcome).toMatchObject({ status: 'error', code: 'abandoned', bytesOut: 4 });
  });

  it('gives the answer of a server that does not wait for the whole body', async () => {
    const server = await rawServer((socket, received) => {
      if (received.includes('first')) socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno');
    });
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`);
    await body.write(bytesOf('first'));
    await expect.poll(() => gate.faults).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let count = 0; count < 100; count += 1) await body.write(new Uint8Array(1000));
    const answer = await body.finish();
    expect(answer.status).toBe(413);
    expect((await restOf(answer)).toString()).toBe('no');
    const [settled] = outcomes(gate);
    expect(settled?.outcome?.bytesOut).toBeLessThanOrEqual(1005);
  });

  it('tells a broken connection at the end', async () => {
    const server = await rawServer((socket) => socket.destroy());
    const gate = httpGate();
    const body = await put(gate, `${server.origin}/`);
    for (let count = 0; count < 50; count += 1) await body.write(new Uint8Array(100_000));
    expect(await failureTag(body.finish())).toBe('connection-failed');
    expect(outcomes(gate)[0]?.outcome).toMatchObject({ status: 'error', code: 'connection-failed' });
  });

  it('tries the next address where no byte left', async () => {
    const server = await httpServer(undefined, '127.0.0.1');
    const gate = httpGate({ names: { 'two.example.test': ['127.0.0.9', '127.0.0.1'] } });
    const body = await put(gate, `http://two.example.test:${server.port}/`);
    await body.write(bytesOf('kept'));
    expect((await body.finish()).status).toBe(200);
    expect(server.requests[0]?.body).toBe('kept');
  });

  it.each(['get', 'head'])('refuses a body for %s', async (method) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.upload(request(`${server.origin}/`, { method }), undefined))).toBe('invalid-request');
    expect(server.contacts()).toBe(0);
  });

  it('refuses a second body, and a length above the limit', async () => {
    const server = await httpServer();
    const { http } = httpGate();
    const twice = request(`${server.origin}/`, { method: 'put', body: bytesOf('x') });
    expect(await failureTag(http.upload(twice, undefined))).toBe('invalid-request');
    const once = request(`${server.origin}/`, { method: 'put' });
    expect(await failureTag(http.upload(once, (1n << 64n) - 1n))).toBe('invalid-request');
    expect(server.contacts()).toBe(0);
  });

  it('contacts nobody where it is denied', async () => {
    const server = await httpServer();
    const gate = httpGate({ allow: () => false });
    expect(await failureTag(put(gate, `${server.origin}/`))).toBe('denied:no-rule');
    const unnamed = httpGate({ rules: [{ id: 'r', namesHost: false }] });
    expect(await failureTag(put(unnamed, `${server.origin}/`))).toBe('denied:address-forbidden');
    expect(server.contacts()).toBe(0);
  });

  it('gives a rule on the size of the body nothing to allow where the length is unknown', async () => {
    const seen: unknown[] = [];
    const server = await httpServer();
    const gate = httpGate({
      allow: ({ attributes }) => {
        seen.push(attributes.get('body-bytes'));
        return true;
      },
    });
    (await put(gate, `${server.origin}/`))[Symbol.dispose]();
    (await put(gate, `${server.origin}/`, 5n))[Symbol.dispose]();
    expect(seen).toEqual([undefined, 5]);
  });

  it.each([307, 308])(
    'refuses a redirect %s that asks for the body again, and follows 303 without it',
    async (status) => {
      const server = await httpServer((response, incoming) =>
        incoming.url === '/new'
          ? response.end('new')
          : response.writeHead(incoming.url === '/again' ? status : 303, { location: '/new' }).end(),
      );
      const gate = httpGate();
      const again = await put(gate, `${server.origin}/again`);
      await again.write(bytesOf('x'));
      expect(await failureTag(again.finish())).toBe('redirect-refused');
      const other = await put(gate, `${server.origin}/other`);
      await other.write(bytesOf('x'));
      const answer = await other.finish();
      expect(answer.url).toBe(`${server.origin}/new`);
      expect((await restOf(answer)).toString()).toBe('new');
      expect(server.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
        'PUT /again',
        'PUT /other',
        'GET /new',
      ]);
      expect(gate.records.map(({ type }) => type)).toEqual(
        Array.from({ length: 3 }, () => ['effect.intended', 'effect.settled']).flat(),
      );
    },
  );

  it('takes nothing after `finish`', async () => {
    const server = await httpServer();
    const body = await put(httpGate(), `${server.origin}/`);
    await body.finish();
    expect(await failureTag(body.write(bytesOf('x')))).toBe('invalid-request');
    expect(await failureTag(body.finish())).toBe('invalid-request');
  });

  it('counts uploads among the open exchanges, and closes them with the run', async () => {
    let closed = 0;
    const server = await rawServer((socket) => socket.on('close', () => (closed += 1)));
    const gate = httpGate();
    const bodies = [];
    for (let count = 0; count < 16; count += 1) bodies.push(await put(gate, `${server.origin}/`));
    expect(await failureTag(put(gate, `${server.origin}/`))).toBe('denied:budget-exhausted');
    for (const body of bodies) await body.write(bytesOf('x'));
    await expect.poll(() => server.contacts()).toBe(16);
    await gate.close();
    await expect.poll(() => closed).toBe(16);
    expect(outcomes(gate).filter(({ outcome }) => outcome?.code === 'abandoned')).toHaveLength(16);
  });

  it('lets nobody make a body from nothing', async () => {
    const { gate } = httpGate();
    const OutgoingBody = gate.imports.get('sallyport:agent/http')!['OutgoingBody'] as unknown as new () => {
      write(bytes: Uint8Array): Promise<unknown>;
      finish(): Promise<unknown>;
    }; // the resource class of the WIT
    await expect(new OutgoingBody().write(bytesOf('x'))).rejects.toEqual({ payload: { tag: 'internal' } });
    await expect(new OutgoingBody().finish()).rejects.toEqual({ payload: { tag: 'internal' } });
  });
});
