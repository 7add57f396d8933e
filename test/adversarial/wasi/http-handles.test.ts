import { describe, expect, it } from 'vitest';
import { RunStop } from '../../../host/contracts/run-stop.ts';
import { httpServer, rawServer } from '../../gates/http/loopback.ts';
import {
  call,
  drain,
  httpGuest,
  open,
  responseOf,
  thrownBy,
  writeAll,
  writeTo,
  type HttpGuest,
} from '../../wasi/http-guest.ts';
import { classOf, members } from '../../wasi/run.ts';

const POST = { method: { tag: 'post' } };
const NO_REASON = { payload: undefined };
const CLOSED = { payload: { tag: 'closed' } };
const bytes = (text: string) => new TextEncoder().encode(text);
const drop = (handle: unknown) => call(handle, Symbol.dispose);
const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Every intent has exactly one outcome, and no host fault happened. */
async function settled(guest: HttpGuest): Promise<void> {
  const of = (type: string) => guest.gate.records.filter((record) => record.type === type).length;
  const refused = () => guest.gate.records.filter(({ type, outcome }) => type === 'effect.denied' && outcome).length;
  await expect.poll(() => of('effect.settled') + refused()).toBe(of('effect.intended'));
  expect(guest.gate.faults).toEqual([]);
}

describe('handles of wasi:http', () => {
  it('that the host never gave are a trap, in every method', () => {
    const guest = httpGuest();
    const types = members(guest, 'wasi:http/types') as Record<string, { prototype?: object }>;
    for (const [name, { prototype }] of Object.entries(types)) {
      if (prototype === undefined || !/^[A-Z]/.test(name)) continue;
      const forged: unknown = Object.create(classOf(guest, 'wasi:http/types', name).prototype as object);
      for (const method of Object.getOwnPropertyNames(prototype).filter((own) => own !== 'constructor'))
        expect(thrownBy(() => call(forged, method, 'x', [], undefined))).toBeInstanceOf(RunStop);
      if (!/^(?:Fields|RequestOptions|OutgoingResponse|FutureTrailers)$/.test(name))
        expect(thrownBy(() => drop(forged))).toBeInstanceOf(RunStop);
    }
    const forgedBody = Object.create(classOf(guest, 'wasi:http/types', 'OutgoingBody').prototype as object) as object;
    expect(thrownBy(() => guest.finishBody(forgedBody))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => guest.finishIncoming(forgedBody))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => guest.handle(forgedBody))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => call(members(guest, 'wasi:http/types'), 'httpErrorCode', forgedBody))).toBeInstanceOf(
      RunStop,
    );
  });

  it('that were handed over are gone', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const [request, options] = [guest.to(`${server.origin}/`), guest.options({})];
    await guest.come(guest.handle(request, options));
    expect(thrownBy(() => guest.handle(request))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => call(request, 'setAuthority', 'other.test'))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => guest.handle(guest.to(`${server.origin}/`), options))).toBeInstanceOf(RunStop);
    expect(server.requests).toHaveLength(1);
  });

  it('give a body once, a stream once, an answer once', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    const request = guest.to(`${server.origin}/`, POST);
    const { body, stream } = writeTo(request);
    expect(thrownBy(() => call(request, 'body'))).toEqual(NO_REASON);
    expect(thrownBy(() => call(body, 'write'))).toEqual(NO_REASON);
    const future = guest.handle(request);
    guest.finishBody(body);
    expect(thrownBy(() => guest.finishBody(body))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => call(stream, 'write', bytes('late')))).toEqual(CLOSED);
    const response = responseOf(await guest.come(future));
    const incoming = open(response);
    expect(thrownBy(() => call(response, 'consume'))).toEqual(NO_REASON);
    expect(thrownBy(() => call(incoming.body, 'stream'))).toEqual(NO_REASON);
    expect(server.requests[0]?.body).toBe('');
  });

  it('of one run mean nothing in another', async () => {
    const server = await httpServer();
    const [one, other] = [httpGuest(), httpGuest()];
    expect(thrownBy(() => other.handle(one.to(`${server.origin}/`)))).toBeInstanceOf(RunStop);
    expect(other.gate.records).toEqual([]);
  });
});

describe('a guest that drops what it holds', () => {
  const states: readonly (readonly [string, (guest: HttpGuest, url: string) => Promise<void> | void])[] = [
    ['a request that it never sent', (guest, url) => void drop(guest.to(url))],
    [
      'a request with a body, and the body after it',
      (guest, url) => {
        const request = guest.to(url, POST);
        const { body, stream } = writeTo(request);
        drop(request);
        expect(thrownBy(() => call(stream, 'write', bytes('x')))).toEqual(CLOSED);
        drop(stream);
        drop(body);
      },
    ],
    ['a future at once', (guest, url) => void drop(guest.handle(guest.to(url)))],
    [
      'a future before its turn, with a body still open',
      (guest, url) => {
        const request = guest.to(url, POST);
        const { stream } = writeTo(request);
        drop(guest.handle(request));
        expect(call(stream, 'checkWrite')).toBe(65_536n);
      },
    ],
    [
      'a future while it connects',
      async (guest, url) => {
        const future = guest.handle(guest.to(url));
        await Promise.resolve();
        drop(future);
      },
    ],
    [
      'a future while the answer is awaited',
      async (guest, url) => {
        const future = guest.handle(guest.to(`${url}silent`));
        await turn();
        drop(future);
      },
    ],
    [
      'a future whose answer it never took',
      async (guest, url) => {
        const future = guest.handle(guest.to(url));
        await call(call(future, 'subscribe'), 'block');
        drop(future);
      },
    ],
    [
      'a future in the middle of its upload',
      async (guest, url) => {
        const request = guest.to(`${url}silent`, POST);
        const { stream } = writeTo(request);
        const future = guest.handle(request);
        await writeAll(stream, bytes('part'));
        await turn();
        drop(future);
        await turn();
        expect(thrownBy(() => call(stream, 'write', bytes('x')))).toEqual(CLOSED);
      },
    ],
    [
      'the body in the middle of its upload',
      async (guest, url) => {
        const request = guest.to(`${url}silent`, POST);
        const { body, stream } = writeTo(request);
        const future = guest.handle(request);
        await writeAll(stream, bytes('part'));
        await turn();
        drop(body);
        expect(await guest.come(future)).toHaveProperty('code');
      },
    ],
    ['an answer', async (guest, url) => void drop(responseOf(await guest.send(guest.to(url))))],
    [
      'the body of an answer, unread',
      async (guest, url) => {
        drop(call(responseOf(await guest.send(guest.to(`${url}endless`))), 'consume'));
      },
    ],
    [
      'a stream, then the body, half read',
      async (guest, url) => {
        const { body, stream } = open(responseOf(await guest.send(guest.to(`${url}endless`))));
        await call(stream, 'blockingRead', 100n);
        drop(stream);
        drop(body);
      },
    ],
    [
      'the body before its stream',
      async (guest, url) => {
        const { body, stream } = open(responseOf(await guest.send(guest.to(url))));
        drop(body);
        expect((await drain(guest, stream)).bytes.toString()).toBe('ok');
        drop(stream);
      },
    ],
    [
      'a body that it finishes unread, and its trailers',
      async (guest, url) => {
        const { body, stream } = open(responseOf(await guest.send(guest.to(`${url}endless`))));
        drop(guest.finishIncoming(body));
        drop(stream);
      },
    ],
  ];

  it.each(states)('%s: leaves nothing open, and may go on', async (_, play) => {
    const server = await httpServer((response, _incoming, { target }) => {
      if (target === '/silent') return;
      if (target === '/endless') response.write('x'.repeat(100_000));
      else response.end('ok');
    });
    const guest = httpGuest();
    for (let round = 0; round < 20; round += 1) await play(guest, `${server.origin}/`);
    await settled(guest);
    const before = guest.gate.records.length;
    const futures = Array.from({ length: 16 }, () => guest.handle(guest.to(`${server.origin}/`)));
    for (const future of futures) drop(responseOf(await guest.come(future)));
    expect(guest.gate.records.length).toBe(before + 32);
  });
});

describe('a guest that does not do its part', () => {
  it('and never reads holds a server back, and leaves with the run', async () => {
    let written = 0;
    const server = await httpServer((response) => {
      const more = () => {
        do written += 65_536;
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
    });
    const guest = httpGuest();
    const { stream } = open(responseOf(await guest.send(guest.to(`${server.origin}/`))));
    await call(stream, 'blockingRead', 10n);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(32 * 1024 * 1024);
    await guest.gate.close();
    await settled(guest);
    expect(guest.gate.records.at(-1)?.outcome?.bytesIn).toBeLessThan(4 * 1024 * 1024);
    expect((await drain(guest, stream)).end).toBeDefined();
  });

  it('and uploads without end meets the limit of the configuration', async () => {
    const server = await rawServer(() => undefined);
    const guest = httpGuest({ config: { maxUploadBytes: 1_000_000 } });
    const request = guest.to(`${server.origin}/`, POST);
    const { stream } = writeTo(request);
    const future = guest.handle(request);
    await expect(writeAll(stream, new Uint8Array(50_000_000))).rejects.toHaveProperty('payload.tag');
    expect(await guest.come(future)).toEqual({ code: 'HTTP-request-body-size' });
    await settled(guest);
  });

  it('and fills bodies that it never sends meets a bound over all of them', () => {
    const guest = httpGuest();
    let held = 0;
    let failed: unknown;
    while (failed === undefined && held < 1000) {
      const { stream } = writeTo(guest.to('http://a.test/', POST));
      try {
        for (let part = 0; part < 2; part += 1) call(stream, 'write', new Uint8Array(65_536));
        held += 1;
      } catch (thrown) {
        failed = thrown;
      }
    }
    expect(held).toBe(32);
    expect(failed).toMatchObject({ payload: { tag: 'last-operation-failed' } });
  });

  it('and starts requests by the thousand has sixteen under way', async () => {
    const server = await httpServer(() => undefined);
    const guest = httpGuest();
    const futures = Array.from({ length: 1000 }, () => guest.handle(guest.to(`${server.origin}/`)));
    expect(futures.filter((future) => call(future, 'get') === undefined)).toHaveLength(16);
    for (const future of futures) drop(future);
    await settled(guest);
    expect(server.contacts()).toBeLessThanOrEqual(16);
  });
});
