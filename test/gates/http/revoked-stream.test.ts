import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request, textOf, type GateUnderTest } from './http-gate.ts';
import { rawServer } from './loopback.ts';

/** A gate whose policy changes: `forbid` takes every grant away, `touch` leaves them. */
function changingGate(): GateUnderTest & { forbid: (told?: boolean) => void; touch: () => void } {
  let [allowed, generation] = [true, 1];
  const listeners: (() => void)[] = [];
  const gate = httpGate({
    allow: () => allowed,
    generation: () => generation,
    changes: (listener) => listeners.push(listener),
  });
  const change = (told: boolean): void => {
    generation += 1;
    if (told) for (const listener of listeners) listener();
  };
  return {
    ...gate,
    forbid(told = false) {
      allowed = false;
      change(told);
    },
    touch: () => change(true),
  };
}

/** A server that has answered with a header and one piece, and waits. */
async function streamingServer(header = '', first: string | Uint8Array = 'first') {
  const sockets: Socket[] = [];
  let closed = 0;
  const server = await rawServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => (closed += 1));
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n${header}\r\n`);
    socket.write(first);
  });
  return { origin: server.origin, send: (text: string) => sockets[0]?.write(text), closed: () => closed };
}

describe('a stream whose grant is gone', () => {
  it('is cut by the next read: what has come meanwhile does not reach the guest', async () => {
    const server = await streamingServer();
    const gate = changingGate();
    const { body } = await gate.http.open(request(`${server.origin}/`));
    expect(textOf((await body.read(2))!)).toBe('fi');
    gate.forbid();
    expect(await failureTag(body.read(10))).toBe('connection-failed');
    expect(await failureTag(body.read(10))).toBe('connection-failed');
    expect(gate.records.at(-1)).toMatchObject({
      type: 'effect.settled',
      outcome: { status: 'error', code: 'revoked' },
    });
    await expect.poll(server.closed).toBe(1);
  });

  it('is cut while the guest waits for a server that says nothing', async () => {
    const server = await streamingServer();
    const gate = changingGate();
    const { body } = await gate.http.open(request(`${server.origin}/`));
    expect(textOf((await body.read(10))!)).toBe('first');
    const waiting = failureTag(body.read(10));
    gate.forbid(true);
    expect(await waiting).toBe('connection-failed');
    await expect.poll(server.closed).toBe(1);
  });

  it('is cut by what comes next, though nobody reads and nobody was told', async () => {
    const server = await streamingServer();
    const gate = changingGate();
    await gate.http.open(request(`${server.origin}/`));
    gate.forbid();
    server.send('more');
    await expect.poll(server.closed).toBe(1);
    expect(gate.records.at(-1)?.outcome).toMatchObject({ code: 'revoked' });
  });

  it('gives nothing of a body that is complete and was not read', async () => {
    const server = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody'));
    const gate = changingGate();
    const { body } = await gate.http.open(request(`${server.origin}/`));
    await expect.poll(() => gate.records.length).toBe(2);
    gate.forbid();
    expect(await failureTag(body.read(10))).toBe('connection-failed');
  });

  it('is cut when it is coded, too', async () => {
    const coded = gzipSync('x'.repeat(50_000), { level: 0 });
    const server = await streamingServer('content-encoding: gzip\r\n', coded.subarray(0, 20_000));
    const gate = changingGate();
    const { body } = await gate.http.open(request(`${server.origin}/`));
    await body.read(10);
    gate.forbid();
    expect(await failureTag(body.read(10))).toBe('connection-failed');
  });

  it('goes on where the policy changes and still allows it', async () => {
    const server = await streamingServer();
    const gate = changingGate();
    const { body } = await gate.http.open(request(`${server.origin}/`));
    gate.touch();
    expect(textOf((await body.read(10))!)).toBe('first');
    server.send('second');
    expect(textOf((await body.read(10))!)).toBe('second');
  });
});

describe('an upload whose grant is gone', () => {
  const sinkServer = async () => {
    const ended = new Set<Socket>();
    const server = await rawServer((socket) => socket.once('close', () => ended.add(socket)));
    return { origin: server.origin, text: server.received, closed: () => ended.size > 0 };
  };

  it.each([
    ['by the next piece, of which nothing leaves', false],
    ['while nobody writes', true],
  ])('is cut %s', async (_, told) => {
    const server = await sinkServer();
    const gate = changingGate();
    const body = await gate.http.upload(request(`${server.origin}/`, { method: 'put' }), undefined);
    await body.write(bytesOf('one'));
    await expect.poll(server.text).toContain('one');
    gate.forbid(told);
    if (!told) await body.write(bytesOf('two'));
    await expect.poll(server.closed).toBe(true);
    expect(server.text()).not.toContain('two');
    expect(await failureTag(body.finish())).toMatch(/connection-failed|protocol-error/);
    expect(gate.records.at(-1)).toMatchObject({
      type: 'effect.settled',
      outcome: { status: 'error', code: 'revoked' },
    });
  });

  it('has no answer any more either, when the body has left', async () => {
    let answer = (): void => undefined;
    const server = await rawServer((socket) => {
      answer = () => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nanswer');
    });
    const gate = changingGate();
    const body = await gate.http.upload(request(`${server.origin}/`, { method: 'put' }), 3n);
    await body.write(bytesOf('one'));
    const finished = body.finish();
    await expect.poll(server.received).toContain('one');
    gate.forbid();
    answer();
    expect(await failureTag(finished.then(({ body: rest }) => rest.read(10)))).toBe('connection-failed');
    expect(gate.records.at(-1)?.outcome).toMatchObject({ code: 'revoked' });
  });
});
