import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { publicLoopback, WILD } from '../gates/http/http-gate.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../gates/http/test-certificate.ts';
import { call, drain, httpGuest, open, responseOf, textOf, writeAll, writeTo } from './http-guest.ts';

let server: Http2SecureServer | undefined;
const sessions = new Set<{ destroy(): void }>();
afterEach(async () => {
  for (const session of sessions) session.destroy();
  sessions.clear();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
});

/** A server over TLS that speaks HTTP/2 and sends back what it got. */
async function echo(): Promise<{ readonly port: number; readonly versions: string[] }> {
  const versions: string[] = [];
  server = createSecureServer({ key: TEST_KEY, cert: TEST_CERTIFICATE, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion);
    if (request.method === 'GET') response.end('over tls');
    else request.pipe(response);
  });
  server.on('session', (session) => sessions.add(session));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.2', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has an address of this shape
  return { port, versions };
}

const names = { 'secure.example.test': ['127.0.0.2'], 'wrong.example.test': ['127.0.0.2'] };
const guestOver = (ca?: string) =>
  httpGuest({ rules: WILD, classify: publicLoopback, names, ...(ca === undefined ? {} : { ca }) });

describe('wasi:http over TLS', () => {
  it('is HTTP/2 where the server offers it, and is the default scheme', async () => {
    const { port, versions } = await echo();
    const guest = guestOver(TEST_CERTIFICATE);
    const request = guest.request({ scheme: undefined, authority: `secure.example.test:${port}`, path: '/' });
    call(request, 'setScheme', undefined);
    expect(await textOf(guest, await guest.send(request))).toBe('over tls');
    expect(versions).toEqual(['2.0']);
  });

  it('streams both ways at once: the answer begins before the request has ended', async () => {
    const { port } = await echo();
    const guest = guestOver(TEST_CERTIFICATE);
    const request = guest.to(`https://secure.example.test:${port}/`, { method: { tag: 'post' } });
    const { body, stream } = writeTo(request);
    const future = guest.handle(request);
    await writeAll(stream, Buffer.from('first'));
    const incoming = open(responseOf(await guest.come(future)));
    expect(Buffer.from((await call(incoming.stream, 'blockingRead', 100n)) as Uint8Array).toString()).toBe('first');
    await writeAll(stream, Buffer.from(' second'));
    guest.finishBody(body);
    expect((await drain(guest, incoming.stream)).bytes.toString()).toBe(' second');
  });

  it.each([
    ['of another name', 'wrong.example.test', TEST_CERTIFICATE],
    ['that nobody vouches for', 'secure.example.test', undefined],
  ])('refuses a certificate %s', async (_, name, ca) => {
    const { port } = await echo();
    const guest = guestOver(ca);
    expect(await guest.send(guest.to(`https://${name}:${port}/`))).toEqual({ code: 'TLS-protocol-error' });
  });
});
