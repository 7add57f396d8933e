import { afterEach, describe, expect, it } from 'vitest';
import type { DialCall, HttpDialer } from '../../../host/gates/http/dialer.ts';
import { createHttpDialer } from '../../../host/powers/http-dialer.ts';
import { failureTag, httpGate, publicLoopback, request, WILD } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const dialers: HttpDialer[] = [];
afterEach(async () => {
  for (const dialer of dialers.splice(0)) await dialer.close();
});

function dialer(): HttpDialer {
  const made = createHttpDialer();
  dialers.push(made);
  return made;
}

const send = (
  through: HttpDialer,
  origin: string,
  address: string,
  more: Partial<DialCall> = {},
): Promise<number | string> =>
  new Promise((resolve) => {
    let status = 0;
    through.dial(
      {
        origin,
        address,
        generation: 1,
        method: 'GET',
        path: '/',
        headers: [],
        body: undefined,
        connectMs: 5000,
        firstByteMs: 5000,
        idleMs: 5000,
        totalMs: 5000,
        deadline: 'whole',
        ...more,
      },
      {
        sent: () => undefined,
        head: (head) => (status = head.status),
        data: () => undefined,
        end: () => resolve(status),
        fail: resolve,
      },
    );
  });

describe('H5: a connection serves only the decisions that it was made under', () => {
  it('shares a connection inside of one origin, address and generation', async () => {
    const server = await httpServer();
    const through = dialer();
    for (let count = 0; count < 6; count += 1) expect(await send(through, server.origin, '127.0.0.1')).toBe(200);
    expect(server.contacts()).toBeLessThanOrEqual(2);
  });

  it('dials anew after the policy changed', async () => {
    const server = await httpServer();
    const through = dialer();
    await send(through, server.origin, '127.0.0.1', { generation: 1 });
    const before = server.contacts();
    await send(through, server.origin, '127.0.0.1', { generation: 2 });
    expect(server.contacts()).toBe(before + 1);
  });

  it('dials anew when the vetted address of a name changed', async () => {
    const one = await httpServer((response) => response.writeHead(201).end(), '127.0.0.2');
    await httpServer((response) => response.writeHead(202).end(), '127.0.0.4', one.port);
    const through = dialer();
    const origin = `http://name.test:${one.port}`;
    expect(await send(through, origin, '127.0.0.2')).toBe(201);
    expect(await send(through, origin, '127.0.0.4')).toBe(202);
  });

  it('shares no connection between two names of one address', async () => {
    const server = await httpServer();
    const through = dialer();
    await send(through, `http://a.test:${server.port}`, '127.0.0.1');
    await send(through, `http://b.test:${server.port}`, '127.0.0.1');
    expect(server.contacts()).toBe(2);
    expect(server.requests.map(({ headers }) => headers.host)).toEqual([
      `a.test:${server.port}`,
      `b.test:${server.port}`,
    ]);
  });

  it('does not use an open connection for a name that now leads to a forbidden address', async () => {
    const server = await httpServer(undefined, '127.0.0.2');
    let address = '127.0.0.2';
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names: { 'name.test': () => [address] } });
    await http.fetch(request(`http://name.test:${server.port}/`));
    address = '127.0.0.3';
    expect(await failureTag(http.fetch(request(`http://name.test:${server.port}/`)))).toBe('denied:address-forbidden');
    expect(server.requests).toHaveLength(1);
  });
});
