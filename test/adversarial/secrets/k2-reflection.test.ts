import { createGzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request, restOf, textOf } from '../../gates/http/http-gate.ts';
import { httpServer, once, rawServer } from '../../gates/http/loopback.ts';
import { holds, lent, mirror, SPELLINGS, VALUE } from './secret-mirror.ts';

describe('K2: a mirror', () => {
  it.each(SPELLINGS)(
    'that repeats a secret %s shows the mark, in body and header, read whole and streamed',
    async (_, spell) => {
      const server = await httpServer(mirror(spell));
      const { http } = httpGate({ secrets: lent([server.origin], { format: 'Bearer {}' }) });
      const fetched = await http.fetch(request(server.origin));
      expect(textOf(fetched.body)).toContain('[secret]');
      expect(fetched.headers.find(([name]) => name === 'x-echo')?.[1]).toContain('[secret]');
      expect(holds(JSON.stringify(fetched.headers))).toBe(false);
      expect(holds(textOf(fetched.body))).toBe(false);
      const streamed = await http.open(request(server.origin));
      expect(await restOf(streamed)).toEqual(Buffer.from(fetched.body));
      expect(holds(JSON.stringify(streamed.headers))).toBe(false);
    },
  );

  it('that cuts its answer at every position shows no more', async () => {
    const text = `<<${VALUE}|${Buffer.from(VALUE).toString('base64')}>>`;
    const positions = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
    let at = 0;
    const server = await httpServer((response) => {
      response.write(text.slice(0, at));
      setImmediate(() => response.end(text.slice(at)));
    });
    const { http } = httpGate({ secrets: lent([server.origin]) });
    for (at of positions)
      expect((await restOf(await http.open(request(server.origin)))).toString()).toBe('<<[secret]|[secret]>>');
  });

  it('that sends each byte by itself shows no more', async () => {
    const server = await httpServer((response) => {
      for (const one of `<<${VALUE}>>`) response.write(one);
      response.end();
    });
    const { http } = httpGate({ secrets: lent([server.origin]) });
    expect(textOf((await http.fetch(request(server.origin))).body)).toBe('<<[secret]>>');
  });

  it('that compresses its answer shows no more', async () => {
    const server = await httpServer((response) => {
      response.setHeader('content-encoding', 'gzip');
      const zip = createGzip();
      zip.pipe(response);
      zip.end(`<<${VALUE}>>`);
    });
    const { http } = httpGate({ secrets: lent([server.origin]) });
    expect(textOf((await http.fetch(request(server.origin))).body)).toBe('<<[secret]>>');
  });

  it('that breaks off in the middle of the value shows nothing of it', async () => {
    const half = VALUE.slice(0, 12);
    const server = await rawServer(once(`HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n${half}`));
    const { http } = httpGate({
      config: { timeouts: { connectMs: 1000, firstByteMs: 1000, idleMs: 200, totalMs: 5000 } },
      secrets: lent([server.origin]),
    });
    const { body } = await http.open(request(server.origin));
    expect(await failureTag(body.read(1024))).toBe('timed-out');
  });

  it('that a guest steers tells no guess from another, by what it holds back', async () => {
    const guesses = [VALUE.slice(0, 12), 'sk-other-0000', 'zzzzzzzzzzzz'];
    let guess = '';
    const server = await httpServer((response) => {
      response.write('y'.repeat(2000) + guess.slice(0, 12)); // and then nothing, for now
      setTimeout(() => response.end(), 300);
    });
    const { http } = httpGate({ secrets: lent([server.origin]) });
    const lengths: number[] = [];
    for (guess of guesses) lengths.push((await (await http.open(request(server.origin))).body.read(4096))?.length ?? 0);
    expect(new Set(lengths).size).toBe(1);
    expect(lengths[0]).toBeLessThan(2000);
  });

  it('that has the value in the name of a field has that field left out', async () => {
    const name = 'x-live-0123456789abcdef';
    const server = await rawServer(once(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${name}: y\r\nx-other: z\r\n\r\n`));
    const { http } = httpGate({ secrets: lent([server.origin], { value: 'X-Live-0123456789ABCDEF' }) });
    const { headers } = await http.fetch(request(server.origin));
    expect(headers.map(([field]) => field)).toEqual(
      ['content-length', 'x-other'].filter((field) => field !== 'content-length'),
    );
  });

  it('that repeats letters of other scripts in a field shows the mark', async () => {
    const value = 'schlüssel-☃-ende';
    const field = Buffer.from(value).toString('latin1'); // the bytes, as a header carries them
    const server = await rawServer((socket) =>
      socket.end(Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-echo: <${field}>\r\n\r\n`, 'latin1')),
    );
    const { http } = httpGate({ secrets: { other: { value, for: [] } } });
    const { headers } = await http.fetch(request(server.origin));
    expect(headers).toEqual([['x-echo', '<[secret]>']]);
  });

  it('at another host, of whatever makes the value known there, shows the mark as well', async () => {
    const [bound, other] = [await httpServer(), await httpServer((response) => response.end(VALUE))];
    const { http } = httpGate({ secrets: lent([bound.origin]) });
    expect(textOf((await http.fetch(request(other.origin))).body)).toBe('[secret]');
  });

  it('says no length that does not fit what is read, and keeps that of a header alone', async () => {
    const server = await httpServer((response) => {
      response.setHeader('content-length', 3);
      response.end('abc');
    });
    const { http } = httpGate({ secrets: lent([server.origin]) });
    const length = async (method: string) =>
      (await http.fetch(request(server.origin, { method }))).headers.find(([name]) => name === 'content-length');
    expect(await length('get')).toBeUndefined();
    expect(await length('head')).toBeDefined();
  });

  it('shows everything else as it is, also bytes that are no text', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256));
    const server = await httpServer((response) => response.end(bytes));
    const { http } = httpGate({ secrets: lent([server.origin]) });
    expect(Buffer.from((await http.fetch(request(server.origin))).body).equals(bytes)).toBe(true);
    expect((await restOf(await http.open(request(server.origin)))).equals(bytes)).toBe(true);
  });
});

describe('K2: a mirror that is asked by wasi:http', () => {
  it('shows the mark, is sent the secret, and refuses the field like the other way in', async () => {
    const server = await httpServer(mirror(String));
    const { gate } = httpGate({ secrets: lent([server.origin]) });
    const send = (headers: readonly (readonly [string, string])[]) =>
      gate.services.http.send({
        method: 'GET',
        url: `${server.origin}/`,
        headers,
        body: new Uint8Array(),
        timeouts: {},
      });
    const result = await send([]).result;
    if (!result.ok) throw new Error(result.code);
    expect(server.requests[0]?.headers.authorization).toBe(VALUE);
    const { headers, body } = result.answer;
    expect(headers.find(([name]) => name === 'x-echo')?.[1]).toBe('[secret]');
    let text = '';
    for (;;) {
      await body.readiness.wait();
      const read = body.take(1024);
      if (read.kind === 'data') text += textOf(read.bytes);
      if (read.kind === 'end') break;
    }
    expect(text).toBe('<<[secret]>>');
    expect(await send([['authorization', 'mine']]).result).toEqual({ ok: false, code: 'HTTP-protocol-error' });
    expect(server.requests).toHaveLength(1);
  });
});
