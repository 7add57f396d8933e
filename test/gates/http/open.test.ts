import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request, textOf, type GateUnderTest } from './http-gate.ts';
import { httpServer, rawServer } from './loopback.ts';

const MIB = 1024 * 1024;

async function readAll({ http }: GateUnderTest, url: string, max: number): Promise<{ sizes: number[]; text: string }> {
  const { body } = await http.open(request(url));
  const parts: Uint8Array[] = [];
  for (let bytes = await body.read(max); bytes !== undefined; bytes = await body.read(max)) parts.push(bytes.slice());
  return { sizes: parts.map((part) => part.length), text: textOf(Buffer.concat(parts)) };
}

describe('http open', () => {
  it('gives the header first and the body piece by piece', async () => {
    let finish = (): void => undefined;
    const server = await httpServer((response) => {
      response.writeHead(200, { 'x-a': '1' });
      response.write('first');
      finish = () => void response.end('second');
    });
    const { http, records } = httpGate();
    const answer = await http.open(request(`${server.origin}/`));
    expect(answer.status).toBe(200);
    expect(answer.headers).toContainEqual(['x-a', '1']);
    expect(records.map(({ type }) => type)).toEqual(['effect.intended']);
    expect(textOf((await answer.body.read(100))!)).toBe('first');
    finish();
    expect(textOf((await answer.body.read(100))!)).toBe('second');
    expect(await answer.body.read(100)).toBeUndefined();
    expect(await answer.body.read(100)).toBeUndefined();
    expect(records[1]?.outcome).toMatchObject({ status: 'ok', bytesIn: 11, bytesOut: 0 });
  });

  it('returns at most `max` bytes a read and all of them in order', async () => {
    const text = Array.from({ length: 5000 }, (_, index) => String(index)).join(' ');
    const server = await httpServer((response) => response.end(text));
    const { sizes, text: read } = await readAll(httpGate(), `${server.origin}/`, 1000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    expect(read).toBe(text);
  });

  it('holds the server back while the guest does not read', async () => {
    let sent = 0;
    const server = await rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${256 * MIB}\r\n\r\n`);
      const chunk = Buffer.alloc(MIB);
      const more = (): void => {
        if (sent >= 256 || socket.destroyed) return;
        socket.write(chunk, () => {
          sent += 1;
          more();
        });
      };
      more();
    });
    const gate = httpGate();
    const { body } = await gate.http.open(request(`${server.origin}/`));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const held = sent;
    expect(held).toBeLessThan(32);
    for (let read = 0; read < 64 * MIB;) read += (await body.read(MIB))!.length;
    expect(sent).toBeGreaterThan(held);
    body[Symbol.dispose]();
  });

  it('closes the connection when the body is dropped', async () => {
    let closed = false;
    const server = await rawServer((socket) => {
      socket.on('close', () => (closed = true));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
    });
    const { http, records } = httpGate();
    const { body } = await http.open(request(`${server.origin}/`));
    body[Symbol.dispose]();
    expect(records[1]?.outcome).toMatchObject({ status: 'ok', bytesIn: 4, detail: { status: 200, left: true } });
    await expect.poll(() => closed).toBe(true);
    await expect(body.read(10)).rejects.toEqual({ payload: { tag: 'connection-failed' } });
  });

  it('closes every connection when the run ends', async () => {
    let closed = 0;
    const server = await rawServer((socket) => {
      socket.on('close', () => (closed += 1));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
    });
    const { http, close } = httpGate();
    const bodies = [await http.open(request(`${server.origin}/`)), await http.open(request(`${server.origin}/`))];
    await bodies[0]!.body.read(4);
    const waiting = failureTag(bodies[0]!.body.read(4));
    await close();
    await expect.poll(() => closed).toBe(2);
    expect(await waiting).toBe('connection-failed');
  });

  it('reports a body that breaks off', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
      setTimeout(() => socket.destroy(), 50);
    });
    expect(await failureTag(readAll(httpGate(), `${server.origin}/`, 100))).toBe('connection-failed');
  });

  it('keeps at most 16 bodies open, and counts a dropped or finished one no more', async () => {
    const server = await rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nso'));
    const short = await httpServer((response) => response.end('x'));
    const { http } = httpGate();
    const answers = [];
    for (let count = 0; count < 16; count += 1) answers.push(await http.open(request(`${server.origin}/`)));
    expect(await failureTag(http.open(request(`${server.origin}/`)))).toBe('denied:budget-exhausted');
    expect(server.contacts()).toBe(16);
    expect((await http.fetch(request(`${short.origin}/`))).status).toBe(200);
    answers[3]!.body[Symbol.dispose]();
    const finished = await http.open(request(`${short.origin}/`));
    while ((await finished.body.read(10)) !== undefined);
    expect((await http.open(request(`${server.origin}/`))).status).toBe(200);
  });

  it('lets nobody make a body from nothing', async () => {
    const { gate } = httpGate();
    const IncomingBody = gate.imports.get('sallyport:agent/http')!['IncomingBody'] as unknown as new () => {
      read(max: number): Promise<unknown>;
    }; // the resource class of the WIT
    await expect(new IncomingBody().read(1)).rejects.toEqual({ payload: { tag: 'internal' } });
  });
});
