import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, publicLoopback, request, restOf, textOf, WILD } from './http-gate.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

type Reply = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) => void;

const servers: Http2SecureServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A server that offers HTTP/2 and counts connections. Its sessions end with the test. */
async function h2Server(reply: Reply, settings: { maxConcurrentStreams?: number } = {}) {
  const seen = { sessions: 0, requests: [] as IncomingHttpHeaders[], open: 0, most: 0 };
  const server = createSecureServer({ key: TEST_KEY, cert: TEST_CERTIFICATE, allowHTTP1: false, settings });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    seen.sessions += 1;
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    seen.requests.push(headers);
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    stream.on('close', () => (seen.open -= 1));
    stream.on('error', () => undefined);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // The typings lack the narrower type of a server's stream.
    stream.on('end', () => reply(stream as ServerHttp2Stream, headers, Buffer.concat(chunks)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has an address of this shape
  const close = (): void => {
    for (const session of sessions) session.destroy();
  };
  ends.push(close);
  return { ...seen, seen, origin: `https://secure.example.test:${port}`, port };
}
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const names = { 'secure.example.test': ['127.0.0.2'], 'wrong.example.test': ['127.0.0.2'] };
const trusting = (more: Parameters<typeof httpGate>[0] = {}) =>
  httpGate({ rules: WILD, classify: publicLoopback, names, ca: TEST_CERTIFICATE, ...more });
const ok: Reply = (stream) => {
  stream.respond({ ':status': 200, 'x-a': '1' });
  stream.end('ok');
};

describe('http over HTTP/2', () => {
  it('speaks it where the server offers it, on one connection to the vetted address', async () => {
    const server = await h2Server(ok);
    const { http, dials } = trusting();
    for (const path of ['/a', '/b?q=1', '/c']) {
      const answer = await http.fetch(request(`${server.origin}${path}`, { headers: [['x-mine', 'yes']] }));
      expect(answer.status).toBe(200);
      expect(answer.headers).toContainEqual(['x-a', '1']);
      expect(answer.headers.some(([name]) => name.startsWith(':'))).toBe(false);
      expect(textOf(answer.body)).toBe('ok');
    }
    expect(server.seen.sessions).toBe(1);
    expect(dials.map(({ address }) => address)).toEqual(Array(3).fill('127.0.0.2'));
    expect(server.seen.requests[1]).toMatchObject({
      ':method': 'GET',
      ':path': '/b?q=1',
      ':scheme': 'https',
      ':authority': `secure.example.test:${server.port}`,
      'x-mine': 'yes',
      'user-agent': 'sallyport',
    });
    for (const seen of server.seen.requests)
      for (const name of ['connection', 'host', 'transfer-encoding']) expect(seen).not.toHaveProperty(name);
  });

  it('still proves the name', async () => {
    const server = await h2Server(ok);
    const { http } = trusting();
    expect(await failureTag(http.fetch(request(`https://wrong.example.test:${server.port}/`)))).toBe('tls-failed');
    const { http: untrusting } = httpGate({ rules: WILD, classify: publicLoopback, names });
    expect(await failureTag(untrusting.fetch(request(`${server.origin}/`)))).toBe('tls-failed');
    expect(server.seen.requests).toEqual([]);
  });

  it('carries bodies both ways, whole and streamed, with real counts', async () => {
    const server = await h2Server((stream, _headers, body) => {
      stream.respond({ ':status': 200 });
      stream.end(body);
    });
    const gate = trusting();
    const whole = await gate.http.fetch(request(`${server.origin}/`, { method: 'post', body: bytesOf('whole') }));
    expect(textOf(whole.body)).toBe('whole');
    const upload = await gate.http.upload(request(`${server.origin}/`, { method: 'put' }), undefined);
    for (let count = 0; count < 64; count += 1) await upload.write(new Uint8Array(50_000).fill(count));
    const echoed = await restOf(await upload.finish());
    expect(echoed.length).toBe(3_200_000);
    expect(echoed.at(-1)).toBe(63);
    const outcomes = gate.records.flatMap(({ outcome }) => outcome ?? []);
    expect(outcomes[0]).toMatchObject({ status: 'ok', bytesOut: 5, bytesIn: 5 });
    expect(outcomes[1]).toMatchObject({ status: 'ok', bytesOut: 3_200_000, bytesIn: 3_200_000 });
  });

  it('keeps to the streams that the server allows at a time', async () => {
    const server = await h2Server(
      (stream) => {
        setTimeout(() => {
          stream.respond({ ':status': 200 });
          stream.end('ok');
        }, 20);
      },
      { maxConcurrentStreams: 4 },
    );
    const { http } = trusting();
    await http.fetch(request(`${server.origin}/`));
    const answers = await Promise.all(Array.from({ length: 24 }, () => http.fetch(request(`${server.origin}/`))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(server.seen.most / server.seen.sessions).toBeLessThanOrEqual(4);
  });

  it('ends one stream where one body is dropped, and keeps the connection', async () => {
    const server = await h2Server((stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/endless') stream.write('some');
      else stream.end('ok');
    });
    const { http } = trusting();
    const { body } = await http.open(request(`${server.origin}/endless`));
    await body.read(10);
    body[Symbol.dispose]();
    await expect.poll(() => server.seen.open).toBe(0);
    expect((await http.fetch(request(`${server.origin}/`))).status).toBe(200);
    expect(server.seen.sessions).toBe(1);
  });

  it('holds the server back while the guest does not read, without starving its neighbours', async () => {
    let sent = 0;
    const server = await h2Server((stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] !== '/big') {
        stream.end('small');
        return;
      }
      const more = (): void => {
        if (!stream.destroyed && sent < 256)
          stream.write(Buffer.alloc(1024 * 1024), () => {
            sent += 1;
            more();
          });
      };
      more();
    });
    const { http } = trusting();
    const bodies = [];
    for (let count = 0; count < 3; count += 1) bodies.push((await http.open(request(`${server.origin}/big`))).body);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(32);
    expect(textOf((await http.fetch(request(`${server.origin}/small`))).body)).toBe('small');
    for (const body of bodies) body[Symbol.dispose]();
  });

  it('falls back to HTTP/1.1 where the server offers no more', async () => {
    const { createServer } = await import('node:https');
    const versions: string[] = [];
    const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (incoming, response) => {
      versions.push(incoming.httpVersion);
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    const { port } = server.address() as AddressInfo; // a TCP server has an address of this shape
    const { http } = trusting();
    expect((await http.fetch(request(`https://secure.example.test:${port}/`))).status).toBe(200);
    expect(versions).toEqual(['1.1']);
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
  });

  it('shares no connection across generations of the policy', async () => {
    const server = await h2Server(ok);
    const { createHttpDialer } = await import('../../../host/powers/http-dialer.ts');
    const dialer = createHttpDialer({ ca: TEST_CERTIFICATE });
    const { dials } = trusting({ dialer });
    const { http } = trusting({
      dialer: {
        dial: (call, receiver) => dialer.dial({ ...call, generation: dials.push(call) }, receiver),
        close: () => dialer.close(),
      },
    });
    await http.fetch(request(`${server.origin}/`));
    await http.fetch(request(`${server.origin}/`));
    expect(server.seen.sessions).toBe(2);
  });
});
