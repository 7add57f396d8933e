import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request, textOf, type GateUnderTest } from '../../gates/http/http-gate.ts';
import { httpServer, once, rawServer } from '../../gates/http/loopback.ts';

const MIB = 1024 * 1024;
const timeouts = { connectMs: 500, firstByteMs: 500, idleMs: 500, totalMs: 3000 };

// The best quality, which is the default, takes seconds.
const brotli = (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });

const coded = (coding: string, body: Buffer) =>
  httpServer((response) => response.writeHead(200, { 'content-encoding': coding }).end(body));

/** Reads a stream to its end, or to its error. */
async function drain({ http }: GateUnderTest, url: string): Promise<number> {
  const { body } = await http.open(request(url));
  let total = 0;
  for (let bytes = await body.read(65_536); bytes !== undefined; bytes = await body.read(65_536)) total += bytes.length;
  return total;
}

/** Sends `bytes` again and again until the client goes. */
function forever(socket: Socket, bytes: Buffer | string, everyMs: number): void {
  const timer = setInterval(() => socket.write(bytes), everyMs);
  socket.on('close', () => clearInterval(timer));
}

describe('H12: an answer is bounded in size and time', () => {
  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotli],
    ['zstd', zstdCompressSync],
  ] as const)('ends a bomb in %s', async (coding, compress) => {
    const server = await coded(coding, compress(Buffer.alloc(20 * MIB)));
    const gate = httpGate();
    expect(await failureTag(gate.http.fetch(request(`${server.origin}/`)))).toBe('response-too-large');
    expect(await failureTag(drain(gate, `${server.origin}/`))).toBe('response-too-large');
    expect(gate.faults).toEqual([]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotli],
    ['zstd', zstdCompressSync],
  ] as const)('decodes an honest body in %s and takes its coding away', async (coding, compress) => {
    const text = 'an honest body, '.repeat(5000);
    const server = await coded(coding, compress(Buffer.from(text)));
    const gate = httpGate();
    const response = await gate.http.fetch(request(`${server.origin}/`));
    expect(textOf(response.body)).toBe(text);
    expect(response.headers.map(([name]) => name)).not.toContain('content-encoding');
    expect(response.headers.map(([name]) => name)).not.toContain('content-length');
    expect(await drain(gate, `${server.origin}/`)).toBe(text.length);
  });

  it.each([
    ['two layers', 'gzip, gzip', gzipSync(gzipSync('x'))],
    ['an unknown coding', 'rot13', Buffer.from('x')],
    ['bytes that are not of the coding', 'gzip', Buffer.from('not gzip')],
    ['a body that is cut', 'gzip', gzipSync('x'.repeat(1000)).subarray(0, 20)],
  ])('refuses %s', async (_claim, coding, body) => {
    const server = await coded(coding, body);
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('protocol-error');
  });

  it('reads a body of exactly the limit and refuses one byte more', async () => {
    const server = await httpServer((response, { url }) => response.end(Buffer.alloc(url === '/fits' ? 1000 : 1001)));
    const { http } = httpGate({ config: { maxResponseBytes: 1000 } });
    expect((await http.fetch(request(`${server.origin}/fits`))).body).toHaveLength(1000);
    expect(await failureTag(http.fetch(request(`${server.origin}/over`)))).toBe('response-too-large');
  });

  it('ends a body without end at the limit', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      forever(socket, Buffer.alloc(65_536), 1);
    });
    const gate = httpGate({ config: { maxResponseBytes: MIB, maxStreamBytes: 2 * MIB } });
    expect(await failureTag(gate.http.fetch(request(`${server.origin}/`)))).toBe('response-too-large');
    expect(await failureTag(drain(gate, `${server.origin}/`))).toBe('response-too-large');
  });

  it('bounds the header', async () => {
    const wide = await rawServer(once(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`));
    const long = await rawServer(once(`HTTP/1.1 200 OK\r\n${'x-a: 1\r\n'.repeat(300)}content-length: 0\r\n\r\n`));
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${wide.origin}/`)))).toBe('response-too-large');
    expect(await failureTag(http.fetch(request(`${long.origin}/`)))).toBe('response-too-large');
  });

  it('gives up on a server that says nothing', async () => {
    const server = await rawServer(() => undefined);
    const { http } = httpGate({ config: { timeouts } });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('timed-out');
  });

  it('gives up on a body that stands still', async () => {
    const server = await rawServer(once('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'));
    const gate = httpGate({ config: { timeouts } });
    expect(await failureTag(gate.http.fetch(request(`${server.origin}/`)))).toBe('timed-out');
    expect(await failureTag(drain(gate, `${server.origin}/`))).toBe('timed-out');
  });

  it.each([
    ['a header that trickles', 'HTTP/1.1 200 OK\r\n', 'x-a: 1\r\n'],
    ['a body that trickles', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', 'a'],
  ])('ends %s at the total deadline', async (_claim, start, drip) => {
    const server = await rawServer((socket) => {
      socket.write(start);
      forever(socket, drip, 50);
    });
    const { http } = httpGate({ config: { timeouts: { ...timeouts, totalMs: 700 } } });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('timed-out');
  });

  it('lets a rule shorten the deadline, of a stream too', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      forever(socket, 'a', 50);
    });
    const gate = httpGate({ obligations: { timeoutMs: 400 } });
    expect(await failureTag(gate.http.fetch(request(`${server.origin}/`)))).toBe('timed-out');
    expect(await failureTag(drain(gate, `${server.origin}/`))).toBe('timed-out');
    expect(gate.records.at(-1)!.outcome).toMatchObject({ discharged: { timeoutMs: 400 } });
  });
});

describe('H12: an honest large answer', () => {
  it.each(['gzip', 'zstd'])('arrives whole through %s, read at once or in pieces', async (coding) => {
    const text = Array.from({ length: 200_000 }, (_, index) => String(index * 7919)).join(' ');
    const server = await coded(coding, coding === 'gzip' ? gzipSync(text) : zstdCompressSync(text));
    const gate = httpGate();
    expect(textOf((await gate.http.fetch(request(`${server.origin}/`))).body) === text).toBe(true);
    expect(await drain(gate, `${server.origin}/`)).toBe(text.length);
  });
});
