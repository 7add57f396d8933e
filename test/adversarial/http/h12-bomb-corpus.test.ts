import type { ServerResponse } from 'node:http';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request, restOf } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const MIB = 1024 * 1024;
const LIMIT = 2 * MIB;

type Compress = (bytes: Buffer) => Buffer;
const brotli: Compress = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
const CODINGS: readonly (readonly [coding: string, compress: Compress])[] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotli],
  ['zstd', zstdCompressSync],
];

/** What is packed: zeros, a pattern, and noise followed by a desert. */
const PAYLOADS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['zeros', Buffer.alloc(24 * MIB)],
  ['a pattern', Buffer.alloc(24 * MIB, 'abcdefgh')],
  [
    'a desert behind an oasis',
    Buffer.concat([Buffer.from('an honest beginning\n'.repeat(500)), Buffer.alloc(24 * MIB)]),
  ],
];

/** How it is sent. */
const DELIVERIES: readonly (readonly [name: string, send: (response: ServerResponse, body: Buffer) => void])[] = [
  ['at once', (response, body) => void response.end(body)],
  [
    'in trickles',
    (response, body) => {
      const step = Math.max(1, Math.ceil(body.length / 40));
      let at = 0;
      const more = (): void => {
        if (response.destroyed) return;
        if (at >= body.length) response.end();
        else response.write(body.subarray(at, (at += step)), () => setTimeout(more, 1));
      };
      more();
    },
  ],
];

const CASES = CODINGS.flatMap(([coding, compress]) =>
  PAYLOADS.flatMap(([payload, bytes]) => {
    const packed = compress(bytes);
    return DELIVERIES.map(([delivery, send]) => ({ coding, payload, delivery, packed, send }));
  }),
);

const config = { maxResponseBytes: LIMIT, maxStreamBytes: LIMIT };

describe('H12: every bomb ends at the limit, whole or streamed', () => {
  it.each(CASES)('$coding of $payload, $delivery', async ({ coding, packed, send }) => {
    const server = await httpServer((response) => {
      response.writeHead(200, { 'content-encoding': coding });
      send(response, packed);
    });
    const gate = httpGate({ config });
    expect(await failureTag(gate.http.fetch(request(`${server.origin}/`)))).toBe('response-too-large');
    const { body } = await gate.http.open(request(`${server.origin}/`));
    let read = 0;
    const draining = (async () => {
      for (let bytes = await body.read(65_536); bytes !== undefined; bytes = await body.read(65_536))
        read += bytes.length;
    })();
    expect(await failureTag(draining)).toBe('response-too-large');
    expect(read).toBeLessThanOrEqual(LIMIT);
    const outcomes = gate.records.flatMap(({ outcome }) => outcome ?? []);
    expect(outcomes.map(({ code }) => code)).toEqual(['response-too-large', 'response-too-large']);
    // What was received is counted, not what it claims to be.
    for (const { bytesIn = 0 } of outcomes) expect(bytesIn).toBeLessThanOrEqual(packed.length);
  });

  it.each(CODINGS)('%s at a ratio that no honest text has', async (coding, compress) => {
    const server = await httpServer((response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(compress(Buffer.alloc(8 * MIB))),
    );
    const { http } = httpGate({ config: { maxRatio: 50 } });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('response-too-large');
  });

  it.each(['gzip, gzip', 'gzip, br', 'br, gzip', 'identity, gzip, deflate', 'gzip,gzip,gzip', 'compress', 'x-unknown'])(
    'refuses the layers %j',
    async (layers) => {
      const body = gzipSync(gzipSync(Buffer.alloc(MIB)));
      const server = await httpServer((response) => response.writeHead(200, { 'content-encoding': layers }).end(body));
      const { http } = httpGate({ config });
      expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('protocol-error');
      expect(await failureTag(http.open(request(`${server.origin}/`)))).toBe('protocol-error');
    },
  );

  it('unpacks one layer: a bomb inside a bomb stays packed', async () => {
    const inner = gzipSync(Buffer.alloc(64 * MIB));
    const server = await httpServer((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(inner)),
    );
    const { http } = httpGate({ config });
    expect(Buffer.from((await http.fetch(request(`${server.origin}/`))).body).equals(inner)).toBe(true);
  });

  it.each([
    ['members of gzip', 'gzip', Buffer.concat(Array.from({ length: 400 }, () => gzipSync(Buffer.alloc(64 * 1024))))],
    [
      'frames of zstd',
      'zstd',
      Buffer.concat(Array.from({ length: 400 }, () => zstdCompressSync(Buffer.alloc(64 * 1024)))),
    ],
  ] as const)('counts %s together', async (_, coding, body) => {
    const server = await httpServer((response) => response.writeHead(200, { 'content-encoding': coding }).end(body));
    const { http } = httpGate({ config });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('response-too-large');
  });

  it.each(CODINGS)('gives an honest body in %s, streamed in trickles', async (coding, compress) => {
    const text = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `line ${index}`).join('\n'));
    const server = await httpServer((response) => {
      response.writeHead(200, { 'content-encoding': coding });
      DELIVERIES[1]?.[1](response, compress(text));
    });
    const { http } = httpGate({ config });
    expect((await restOf(await http.open(request(`${server.origin}/`)))).equals(text)).toBe(true);
  });
});
