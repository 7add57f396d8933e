import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, publicLoopback, request, textOf, WILD } from '../../gates/http/http-gate.ts';
import { TEST_CERTIFICATE } from '../../gates/http/test-certificate.ts';
import { END_HEADERS, END_STREAM, fields, frame, frameServer, OK, TYPE, u32 } from './http2-frames.ts';

const gate = () =>
  httpGate({
    rules: WILD,
    classify: publicLoopback,
    names: { 'secure.example.test': ['127.0.0.2'] },
    ca: TEST_CERTIFICATE,
    config: { timeouts: { connectMs: 2000, firstByteMs: 800, idleMs: 800, totalMs: 4000 }, maxResponseBytes: 1 << 20 },
  });

const header = (stream: number, block: Buffer, flags = END_HEADERS) => frame(TYPE.headers, flags, stream, block);
const data = (stream: number, text: string, flags = 0) => frame(TYPE.data, flags, stream, Buffer.from(text));
type Attack = (stream: number) => readonly Buffer[];
type Piece = (stream: number) => Buffer;

/** Answers that are no HTTP/2: none of them reaches the guest as an answer. */
const BROKEN: readonly (readonly [claim: string, attack: Attack])[] = [
  ['no status', (s) => [header(s, fields(['x-a', '1'])), data(s, 'ok', END_STREAM)]],
  ['two statuses', (s) => [header(s, fields([':status', '200'], [':status', '200'])), data(s, 'ok', END_STREAM)]],
  [
    'a pseudo field of a request',
    (s) => [header(s, fields([':status', '200'], [':path', '/'])), data(s, 'ok', END_STREAM)],
  ],
  [
    'a pseudo field after others',
    (s) => [header(s, fields(['x-a', '1'], [':status', '200'])), data(s, 'ok', END_STREAM)],
  ],
  [
    'a field name in capitals',
    (s) => [header(s, Buffer.concat([OK, fields(['X-Evil', '1'])])), data(s, 'ok', END_STREAM)],
  ],
  [
    'a connection field',
    (s) => [header(s, Buffer.concat([OK, fields(['connection', 'close'])])), data(s, 'ok', END_STREAM)],
  ],
  [
    'a transfer coding',
    (s) => [header(s, Buffer.concat([OK, fields(['transfer-encoding', 'chunked'])])), data(s, 'ok', END_STREAM)],
  ],
  [
    'less than its length',
    (s) => [header(s, Buffer.concat([OK, fields(['content-length', '9'])])), data(s, 'ok', END_STREAM)],
  ],
  [
    'more than its length',
    (s) => [header(s, Buffer.concat([OK, fields(['content-length', '1'])])), data(s, 'ok', END_STREAM)],
  ],
  [
    'two lengths',
    (s) => [
      header(s, Buffer.concat([OK, fields(['content-length', '2'], ['content-length', '3'])])),
      data(s, 'ok', END_STREAM),
    ],
  ],
  ['data before the header', (s) => [data(s, 'ok', END_STREAM)]],
  ['a header block that is no HPACK', (s) => [header(s, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))]],
  [
    'a frame inside a header block',
    (s) => [header(s, OK, 0), frame(TYPE.ping, 0, 0, Buffer.alloc(8)), frame(TYPE.continuation, END_HEADERS, s)],
  ],
  [
    'a pushed answer',
    (s) => [frame(TYPE.push, END_HEADERS, s, Buffer.concat([u32(2), fields([':method', 'GET'], [':path', '/'])]))],
  ],
  ['an answer on a stream that nobody opened', () => [header(99, OK), data(99, 'ok', END_STREAM)]],
  ['a frame longer than was agreed', (s) => [header(s, OK), frame(TYPE.data, END_STREAM, s, Buffer.alloc(20_000))]],
  ['a window of no size', (s) => [header(s, OK), frame(TYPE.window, 0, s, u32(0))]],
  ['a reset', (s) => [header(s, OK), frame(TYPE.reset, 0, s, u32(1))]],
  ['HTTP/1.1 after all', () => [Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')]],
  ['an upgrade', (s) => [header(s, fields([':status', '101']), END_HEADERS | END_STREAM)]],
];

/** Floods: each ends the exchange, by a limit or by a deadline, and costs the host no more than that. */
const FLOODS: readonly { readonly claim: string; readonly piece: Piece; readonly start?: Attack }[] = [
  {
    claim: 'continuations',
    piece: (s) => frame(TYPE.continuation, 0, s, fields(['x-a', 'b'.repeat(100)])),
    start: (s) => [header(s, OK, 0)],
  },
  { claim: 'empty continuations', piece: (s) => frame(TYPE.continuation, 0, s), start: (s) => [header(s, OK, 0)] },
  { claim: 'interim answers', piece: (s) => header(s, fields([':status', '103'])) },
  { claim: 'settings', piece: () => frame(TYPE.settings, 0, 0) },
  { claim: 'pings', piece: () => frame(TYPE.ping, 0, 0, Buffer.alloc(8)) },
  { claim: 'empty data', piece: (s) => frame(TYPE.data, 0, s), start: (s) => [header(s, OK)] },
  { claim: 'priorities', piece: (s) => frame(TYPE.priority, 0, s, Buffer.concat([u32(0), Buffer.from([1])])) },
  { claim: 'unknown frames', piece: () => frame(0x77, 0, 0, Buffer.alloc(64)) },
  {
    claim: 'header blocks',
    piece: (s) => header(s, fields(['x-a', 'b'.repeat(100)])),
    start: (s) => [header(s, OK)],
  },
];

describe('H8: HTTP/2 with broken frames ends the exchange', () => {
  it.each(BROKEN)('refuses %s', async (_claim, attack) => {
    const server = await frameServer((socket, stream) => socket.write(Buffer.concat(attack(stream))));
    const { http, faults, records } = gate();
    const tag = await failureTag(http.fetch(request(`${server.origin}/`)));
    expect(['protocol-error', 'connection-failed', 'timed-out']).toContain(tag);
    expect(faults).toEqual([]);
    expect(records.at(-1)?.type).toBe('effect.settled');
    expect(server.contacts()).toBeLessThanOrEqual(2);
  });

  it.each(FLOODS)('survives a flood of $claim', { timeout: 15_000 }, async ({ piece, start }) => {
    const server = await frameServer((socket, stream) => {
      for (const first of start?.(stream) ?? []) socket.write(first);
      const more = (): void => {
        if (socket.destroyed) return;
        const pieces: Buffer[] = [];
        for (let count = 0; count < 200; count += 1) pieces.push(piece(stream));
        socket.write(Buffer.concat(pieces), () => setTimeout(more, 1));
      };
      more();
    });
    const { http, faults } = gate();
    const started = performance.now();
    const tag = await failureTag(http.fetch(request(`${server.origin}/`)));
    expect(['protocol-error', 'connection-failed', 'timed-out', 'response-too-large']).toContain(tag);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(faults).toEqual([]);
  });

  it('bounds the header over continuations', async () => {
    const server = await frameServer((socket, stream) => {
      socket.write(header(stream, OK, 0));
      for (let count = 0; count < 200; count += 1)
        socket.write(frame(TYPE.continuation, 0, stream, fields([`x-${count}`, 'b'.repeat(120)])));
      socket.write(Buffer.concat([frame(TYPE.continuation, END_HEADERS, stream), data(stream, 'ok', END_STREAM)]));
    });
    const tag = await failureTag(gate().http.fetch(request(`${server.origin}/`)));
    expect(['response-too-large', 'protocol-error', 'connection-failed']).toContain(tag);
  });

  it('sends a request that was surely not processed once more at most, on the same address', async () => {
    const server = await frameServer((socket) => {
      socket.end(frame(TYPE.goaway, 0, 0, u32(0, 0)));
    });
    const { http } = gate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('connection-failed');
    expect(server.requests()).toBeLessThanOrEqual(2);
  });

  it('gives each answer to its own request when they arrive crossed', async () => {
    const waiting: number[] = [];
    const server = await frameServer((socket, stream) => {
      if (stream === 1) {
        socket.write(Buffer.concat([header(1, OK), data(1, '1', END_STREAM)]));
        return;
      }
      waiting.push(stream);
      if (waiting.length < 3) return;
      for (const id of waiting.reverse())
        socket.write(Buffer.concat([header(id, OK), data(id, String(id), END_STREAM)]));
    });
    const { http } = gate();
    await http.fetch(request(`${server.origin}/`));
    const answers = await Promise.all(['a', 'b', 'c'].map((path) => http.fetch(request(`${server.origin}/${path}`))));
    expect(answers.map(({ body }) => textOf(body))).toEqual(['3', '5', '7']);
  });
});
