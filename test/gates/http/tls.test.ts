import { createServer, type Server } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { failureTag, httpGate, publicLoopback, request, WILD } from './http-gate.ts';
import { rawServer } from './loopback.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

const servers: Server[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve).closeAllConnections());
});

async function tlsServer(
  address: string,
): Promise<{ port: number; names: (string | false)[]; hosts: (string | undefined)[] }> {
  const names: (string | false)[] = [];
  const hosts: (string | undefined)[] = [];
  const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, ({ headers, socket }, response) => {
    hosts.push(headers.host);
    if ('servername' in socket) names.push(socket.servername as string | false); // documented of every TLS socket
    response.end('ok');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return { port: (server.address() as AddressInfo).port, names, hosts }; // a TCP server has an address of this shape
}

const names = { 'secure.example.test': ['127.0.0.2'], 'wrong.example.test': ['127.0.0.2'] };

describe('https', () => {
  it('dials the pinned address and proves the name by SNI, certificate and host field', async () => {
    const server = await tlsServer('127.0.0.2');
    const { http, dials } = httpGate({ rules: WILD, classify: publicLoopback, names, ca: TEST_CERTIFICATE });
    const response = await http.fetch(request(`https://secure.example.test:${server.port}/`));
    expect(response.status).toBe(200);
    expect(dials.map(({ address }) => address)).toEqual(['127.0.0.2']);
    expect(server.names).toEqual(['secure.example.test']);
    expect(server.hosts).toEqual([`secure.example.test:${server.port}`]);
  });

  it('accepts an address that the certificate names', async () => {
    const server = await tlsServer('127.0.0.4');
    const { http } = httpGate({ classify: publicLoopback, ca: TEST_CERTIFICATE });
    expect((await http.fetch(request(`https://127.0.0.4:${server.port}/`))).status).toBe(200);
  });

  it('refuses a certificate for another name, and one of an unknown authority', async () => {
    const server = await tlsServer('127.0.0.2');
    const trusting = httpGate({ rules: WILD, classify: publicLoopback, names, ca: TEST_CERTIFICATE });
    expect(await failureTag(trusting.http.fetch(request(`https://wrong.example.test:${server.port}/`)))).toBe(
      'tls-failed',
    );
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names });
    expect(await failureTag(http.fetch(request(`https://secure.example.test:${server.port}/`)))).toBe('tls-failed');
    expect(server.hosts).toEqual([]);
  });

  it('verifies whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const server = await tlsServer('127.0.0.2');
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names });
    expect(await failureTag(http.fetch(request(`https://secure.example.test:${server.port}/`)))).toBe('tls-failed');
  });

  it('does not fall back to http, nor take http for https', async () => {
    const plain = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`https://127.0.0.1:${plain.port}/`)))).toBe('tls-failed');
  });

  it('refuses a redirect from https to http', async () => {
    const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_request, response) =>
      response.writeHead(302, { location: 'http://secure.example.test/' }).end(),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    const { port } = server.address() as AddressInfo; // a TCP server has an address of this shape
    const { http, dials } = httpGate({ rules: WILD, classify: publicLoopback, names, ca: TEST_CERTIFICATE });
    expect(await failureTag(http.fetch(request(`https://secure.example.test:${port}/`)))).toBe('redirect-refused');
    expect(dials).toHaveLength(1);
  });

  it('tells a refused connection from a failed handshake and from a deadline', async () => {
    const free = createTcpServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as AddressInfo; // a TCP server has an address of this shape
    await new Promise((resolve) => free.close(resolve));
    const silent = await rawServer(() => undefined);
    const { http } = httpGate({
      config: { timeouts: { connectMs: 300, firstByteMs: 300, idleMs: 300, totalMs: 2000 } },
    });
    expect(await failureTag(http.fetch(request(`https://127.0.0.1:${port}/`)))).toBe('connection-failed');
    expect(await failureTag(http.fetch(request(`https://127.0.0.1:${silent.port}/`)))).toBe('timed-out');
  });
});
