import { describe, expect, it } from 'vitest';
import { createHttpDialer } from '../../../host/powers/http-dialer.ts';
import { httpServer } from './loopback.ts';

/** A real connection: nothing that stands in for the network can see the pin break. */
describe('a pinned connection', () => {
  it('goes to the address that it is given, whatever the name leads to', async () => {
    const pinned = await httpServer((response) => response.end(), '127.0.0.2');
    const named = await httpServer(undefined, '127.0.0.1', pinned.port);
    const dialer = createHttpDialer();
    // `localhost` leads to 127.0.0.1 on every machine; a name of `.invalid` leads nowhere (RFC 6761).
    for (const host of ['localhost', 'name.invalid']) {
      const status = await new Promise((resolve) => {
        let seen = 0;
        dialer.dial(
          {
            origin: `http://${host}:${pinned.port}`,
            address: '127.0.0.2',
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
          },
          {
            sent: () => undefined,
            head: (head) => (seen = head.status),
            data: () => undefined,
            end: () => resolve(seen),
            fail: resolve,
          },
        );
      });
      expect(status).toBe(200);
    }
    await dialer.close();
    expect(pinned.requests.map(({ headers }) => headers.host)).toEqual([
      `localhost:${pinned.port}`,
      `name.invalid:${pinned.port}`,
    ]);
    expect(named.contacts()).toBe(0);
  });
});
