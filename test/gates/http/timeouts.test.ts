import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request } from './http-gate.ts';
import { rawServer } from './loopback.ts';

const LONG = 60_000;
const timeouts = (own: Partial<Record<'connectMs' | 'firstByteMs' | 'idleMs' | 'totalMs', number>>) => ({
  config: { timeouts: { connectMs: LONG, firstByteMs: LONG, idleMs: LONG, totalMs: LONG, ...own } },
});

/** How long a call took that timed out. */
async function lateness(call: Promise<unknown>): Promise<number> {
  const started = performance.now();
  expect(await failureTag(call)).toBe('timed-out');
  return performance.now() - started;
}

// Beyond a second, coarse timers would show: they tick every half second. Late by the load of the machine, never early.
const EXPECTED = 1200;
const isExact = (ms: number): void => {
  expect(ms).toBeGreaterThanOrEqual(EXPECTED - 20);
  expect(ms).toBeLessThan(EXPECTED + 350);
};

describe('http deadlines', () => {
  it('bounds the time to a connection', async () => {
    const silent = await rawServer(() => undefined);
    const { http } = httpGate(timeouts({ connectMs: EXPECTED }));
    // TLS against a server that says nothing: connected, but no handshake.
    isExact(await lateness(http.fetch(request(`https://127.0.0.1:${silent.port}/`))));
  });

  it('bounds the time to the header, whatever trickles before it', async () => {
    const server = await rawServer((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 400);
      socket.on('close', () => clearInterval(timer));
    });
    const { http } = httpGate(timeouts({ firstByteMs: EXPECTED }));
    isExact(await lateness(http.fetch(request(`${server.origin}/`))));
  });

  it('bounds the pause inside a body, not its length', async () => {
    let last = 0;
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n');
      let pieces = 0;
      const timer = setInterval(() => {
        last = performance.now();
        socket.write('x');
        if ((pieces += 1) === 4) clearInterval(timer);
      }, 500);
    });
    const { http } = httpGate(timeouts({ idleMs: EXPECTED }));
    await lateness(http.fetch(request(`${server.origin}/`)));
    isExact(performance.now() - last);
  });

  it('bounds the whole of a request', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(timer));
    });
    const { http } = httpGate(timeouts({ totalMs: EXPECTED }));
    isExact(await lateness(http.fetch(request(`${server.origin}/`))));
    const ruled = httpGate({ ...timeouts({}), obligations: { timeoutMs: EXPECTED } });
    isExact(await lateness(ruled.http.fetch(request(`${server.origin}/`))));
  });

  it('does not count the time that the guest takes to read or to write', async () => {
    const server = await rawServer((socket, received) => {
      if (received.endsWith('0\r\n\r\n'))
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n${'x'.repeat(3e6)}`);
    });
    const { http } = httpGate(timeouts({ idleMs: 300, firstByteMs: 300, totalMs: 900 }));
    const body = await http.upload(request(`${server.origin}/`, { method: 'put' }), undefined);
    for (let count = 0; count < 3; count += 1) {
      await body.write(bytesOf('piece'));
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    const answer = await body.finish();
    await new Promise((resolve) => setTimeout(resolve, 700));
    let read = 0;
    for (let bytes = await answer.body.read(1 << 20); bytes !== undefined; bytes = await answer.body.read(1 << 20))
      read += bytes.length;
    expect(read).toBe(3e6);
  });

  it('bounds how long a server may leave an upload untaken, and how long an upload may take where a rule says so', async () => {
    const stuck = await rawServer((socket) => socket.pause());
    const fill = async (gate: ReturnType<typeof httpGate>) => {
      const body = await gate.http.upload(request(`${stuck.origin}/`, { method: 'put' }), undefined);
      for (let count = 0; count < 64; count += 1) await body.write(new Uint8Array(1 << 20));
      return body.finish();
    };
    expect(await failureTag(fill(httpGate(timeouts({ idleMs: 400 }))))).toBe('timed-out');
    expect(await failureTag(fill(httpGate({ ...timeouts({}), obligations: { timeoutMs: 400 } })))).toBe('timed-out');
  });
});
