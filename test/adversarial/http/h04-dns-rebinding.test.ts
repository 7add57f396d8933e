import { createSocket, type Socket } from 'node:dgram';
import { Resolver as DnsResolver } from 'node:dns/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolver } from '../../../host/gates/http/resolver.ts';
import { failureTag, httpGate, publicLoopback, request, WILD } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => void socket.close()));

/** A real name server on loopback: answer `n` has the addresses `answers[n]`, each with a TTL of 0. */
async function nameServer(
  answers: readonly (readonly string[])[],
): Promise<{ resolver: Resolver; queries: () => number }> {
  let queries = 0;
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (query, from) => {
    const addresses = answers[Math.min(queries, answers.length - 1)]!;
    queries += 1;
    const question = query.subarray(12);
    const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, addresses.length, 0, 0, 0, 0]);
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    );
    const end = question.indexOf(0) + 5;
    socket.send(Buffer.concat([header, question.subarray(0, end), ...records]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const dns = new DnsResolver();
  dns.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    queries: () => queries,
    resolver: { resolve: async (name) => ({ kind: 'addresses', addresses: await dns.resolve4(name) }) },
  };
}

describe('H4: the vetted address is the dialled one', () => {
  it('asks once for a request, and dials what that answer said', async () => {
    const good = await httpServer((response) => response.end('public'), '127.0.0.2');
    const bad = await httpServer((response) => response.end('inside'), '127.0.0.3', good.port);
    const { resolver, queries } = await nameServer([['127.0.0.2'], ['127.0.0.3']]);
    const { http, dials } = httpGate({ rules: WILD, classify: publicLoopback, resolver });
    const response = await http.fetch(request(`http://rebind.test:${good.port}/`));
    expect(Buffer.from(response.body).toString()).toBe('public');
    expect(queries()).toBe(1);
    expect(dials.map(({ address }) => address)).toEqual(['127.0.0.2']);
    expect(good.requests[0]!.headers.host).toBe(`rebind.test:${good.port}`);
    expect(await failureTag(http.fetch(request(`http://rebind.test:${good.port}/`)))).toBe('denied:address-forbidden');
    expect(bad.contacts()).toBe(0);
  });

  it('denies a name with one forbidden address among good ones', async () => {
    const good = await httpServer(undefined, '127.0.0.2');
    const { resolver } = await nameServer([['127.0.0.2', '127.0.0.3', '127.0.0.4']]);
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, resolver });
    expect(await failureTag(http.fetch(request(`http://many.test:${good.port}/`)))).toBe('denied:address-forbidden');
    expect(good.contacts()).toBe(0);
  });

  it('tries the next vetted address only where nothing was sent', async () => {
    const server = await httpServer(undefined, '127.0.0.4');
    const { http, dials } = httpGate({
      rules: WILD,
      classify: publicLoopback,
      names: { 'two.test': ['127.0.0.2', '127.0.0.4'] },
    });
    expect((await http.fetch(request(`http://two.test:${server.port}/`))).status).toBe(200);
    await http.fetch(request(`http://two.test:${server.port}/`));
    expect(dials.map(({ address }) => address)).toEqual(['127.0.0.2', '127.0.0.4', '127.0.0.4']);
  });

  it('tells a name without address from a denial', async () => {
    const { http, dials } = httpGate({ names: { 'empty.test': [] } });
    expect(await failureTag(http.fetch(request('http://absent.test/')))).toBe('name-not-resolved');
    expect(await failureTag(http.fetch(request('http://empty.test/')))).toBe('name-not-resolved');
    expect(dials).toEqual([]);
  });
});
