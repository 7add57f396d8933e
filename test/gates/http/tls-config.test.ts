import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { httpConfig } from '../../../host/gates/http/config.ts';
import { tlsEntryOf, type TlsEntry } from '../../../host/contracts/tls-entry.ts';
import { exposedCredentials } from '../../../host/gates/http/tls-exposure.ts';
import { createPathProbe } from '../../../host/powers/path-probe.ts';
import { failureTag, httpGate, publicLoopback, request, WILD } from './http-gate.ts';
import { httpServer } from './loopback.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

let directory = '';
const servers: Server[] = [];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-tls-'));
  writeFileSync(join(directory, 'ca.pem'), TEST_CERTIFICATE);
  writeFileSync(join(directory, 'key.pem'), TEST_KEY);
  writeFileSync(join(directory, 'text.pem'), 'no certificate');
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve).closeAllConnections());
});

const names = { 'secure.example.test': ['127.0.0.2'], 'other.example.test': ['127.0.0.2'] };

/** The entries of a section, or its problems. */
function resolve(tls: readonly object[]): { entries: readonly TlsEntry[]; problems: string[] } {
  const problems: string[] = [];
  const raw = httpConfig.schema.parse({ tls });
  const { tls: entries } = httpConfig.resolve(raw, {
    directory,
    probe: createPathProbe(),
    problem: (path, message) => problems.push(`${path.join('.')}: ${message}`),
  });
  return { entries, problems };
}

async function mutualServer(): Promise<{ port: number; peers: boolean[] }> {
  const peers: boolean[] = [];
  const server = createServer(
    { key: TEST_KEY, cert: TEST_CERTIFICATE, ca: TEST_CERTIFICATE, requestCert: true, rejectUnauthorized: false },
    ({ socket }, response) => {
      peers.push(socket instanceof TLSSocket && socket.authorized);
      response.end('ok');
    },
  );
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.2', done));
  return { port: (server.address() as AddressInfo).port, peers }; // a TCP server has an address of this shape
}

describe('http tls configuration', () => {
  it('trusts a further authority for its hosts and for no other', async () => {
    const { port, peers } = await mutualServer();
    const { entries, problems } = resolve([{ host: 'secure.example.test', ca: 'ca.pem' }]);
    expect(problems).toEqual([]);
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names, tls: entries });
    expect((await http.fetch(request(`https://secure.example.test:${port}/`))).status).toBe(200);
    expect(await failureTag(http.fetch(request(`https://other.example.test:${port}/`)))).toBe('tls-failed');
    expect(peers).toEqual([false]);
  });

  it('shows its certificate to its hosts and to no other', async () => {
    const { port, peers } = await mutualServer();
    const files = { ca: 'ca.pem', certificate: 'ca.pem', key: 'key.pem' };
    const { entries } = resolve([
      { host: 'secure.example.test', ...files },
      { host: '*.example.test', ca: 'ca.pem' },
    ]);
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names, tls: entries });
    expect((await http.fetch(request(`https://secure.example.test:${port}/`))).status).toBe(200);
    expect((await http.fetch(request(`https://other.example.test:${port}/`))).status).toBe(200);
    expect(peers).toEqual([true, false]);
  });

  it('keeps the certificate of one host from another that it redirects to', async () => {
    const { port, peers } = await mutualServer();
    const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_incoming, response) =>
      response.writeHead(302, { location: `https://other.example.test:${port}/` }).end(),
    );
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.2', done));
    const redirecting = (server.address() as AddressInfo).port; // a TCP server has an address of this shape
    const files = { ca: 'ca.pem', certificate: 'ca.pem', key: 'key.pem' };
    const { entries } = resolve([
      { host: 'secure.example.test', ...files },
      { host: 'other.example.test', ca: 'ca.pem' },
    ]);
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names, tls: entries });
    expect((await http.fetch(request(`https://secure.example.test:${redirecting}/`))).status).toBe(200);
    expect(peers).toEqual([false]);
  });

  it('fails where a file is gone by the time that it is needed', async () => {
    const { port } = await mutualServer();
    const tls = [{ host: 'secure.example.test', ca: join(directory, 'gone.pem') }];
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names, tls });
    expect(await failureTag(http.fetch(request(`https://secure.example.test:${port}/`)))).toBe('tls-failed');
  });

  it('says nothing of hosts without TLS', async () => {
    const server = await httpServer();
    const { http } = httpGate({ tls: [{ host: '127.0.0.1', ca: join(directory, 'gone.pem') }] });
    expect((await http.fetch(request(`${server.origin}/`))).status).toBe(200);
  });

  it.each<readonly [entry: object, problem: string]>([
    [{ host: 'a.test', ca: 'gone.pem' }, 'there is no file `gone.pem`'],
    [{ host: 'a.test', ca: '.' }, 'there is no file `.`'],
    [{ host: 'a.test', ca: 'text.pem' }, 'cannot be used'],
    [{ host: 'a.test', ca: 'key.pem' }, 'cannot be used'],
    [{ host: 'a.test', certificate: 'ca.pem' }, '`certificate` and `key` need each other'],
    [{ host: 'a.test', ca: 'ca.pem', key: 'key.pem' }, '`certificate` and `key` need each other'],
    [{ host: 'a.test', certificate: 'ca.pem', key: 'ca.pem' }, 'cannot be used'],
    [{ host: 'a.test' }, 'names neither `ca` nor `certificate`'],
    ...[
      'A.test',
      'a.test.',
      '*',
      '*.test',
      '*.*.test',
      'a.*.test',
      'https://a.test',
      'a.test:443',
      '*.0.0.1',
      '0x7f.1',
    ].map((host) => [{ host, ca: 'ca.pem' }, 'is not a host'] as const),
  ])('refuses %j', (entry, problem) => {
    const { entries, problems } = resolve([entry]);
    expect(entries).toEqual([]);
    expect(problems.join('\n')).toContain(problem);
  });

  it('refuses a host twice, a key that turns verification off, and unknown keys', () => {
    const twice = resolve([
      { host: 'a.test', ca: 'ca.pem' },
      { host: 'a.test', ca: 'ca.pem' },
    ]);
    expect(twice.problems).toEqual(['tls.1.host: `a.test` stands twice']);
    for (const key of ['insecure', 'rejectUnauthorized', 'verify', 'servername'])
      expect(httpConfig.schema.safeParse({ tls: [{ host: 'a.test', ca: 'ca.pem', [key]: false }] }).success).toBe(
        false,
      );
  });

  it('prefers the exact host to a wildcard, whose star is one label', () => {
    const entries = [{ host: '*.a.test' }, { host: 'b.a.test' }, { host: '10.0.0.1' }];
    expect(tlsEntryOf(entries, 'b.a.test')?.host).toBe('b.a.test');
    expect(tlsEntryOf(entries, 'c.a.test')?.host).toBe('*.a.test');
    for (const host of ['a.test', 'd.c.a.test', 'xa.test', 'localhost'])
      expect(tlsEntryOf(entries, host)).toBeUndefined();
  });

  it('names every mount that shows a key, or in which a file could be exchanged', () => {
    const entries = [{ host: 'a.test', ca: '/tls/ca.pem', certificate: '/tls/c.pem', key: '/tls/k.pem' }];
    const mount = (access: 'ro' | 'rw', shown: string) => [{ path: '/m', directory: shown, access }];
    const paths = (access: 'ro' | 'rw', shown: string) =>
      exposedCredentials(entries, mount(access, shown)).map(({ path }) => path);
    expect(paths('ro', '/tls')).toEqual(['/tls/k.pem']);
    expect(paths('rw', '/tls')).toEqual(['/tls/ca.pem', '/tls/c.pem', '/tls/k.pem']);
    expect(paths('rw', '/tl')).toEqual([]);
    expect(paths('rw', '/tls/other')).toEqual([]);
  });
});
