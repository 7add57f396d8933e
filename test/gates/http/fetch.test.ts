import { describe, expect, it } from 'vitest';
import { bytesOf, failure, failureTag, httpGate, request, textOf } from './http-gate.ts';
import { httpServer } from './loopback.ts';

describe('http fetch', () => {
  it('returns status, headers and body of an allowed request', async () => {
    const server = await httpServer((response) =>
      response.writeHead(201, { 'X-One': 'a', 'Set-Cookie': ['a=1', 'b=2'] }).end('hello'),
    );
    const { http, faults } = httpGate();
    const response = await http.fetch(request(`${server.origin}/v1?q=1`));
    expect(response.status).toBe(201);
    expect(textOf(response.body)).toBe('hello');
    expect(response.url).toBe(`${server.origin}/v1?q=1`);
    expect(response.headers).toContainEqual(['x-one', 'a']);
    expect(response.headers.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    expect(response.headers.map(([name]) => name)).not.toContain('connection');
    expect(faults).toEqual([]);
  });

  it('sends method, header and body as given', async () => {
    const server = await httpServer();
    const { http } = httpGate();
    await http.fetch(
      request(`${server.origin}/in`, {
        method: 'post',
        headers: [
          ['Content-Type', 'text/plain'],
          ['X-Tag', ' a b '],
        ],
        body: bytesOf('payload'),
      }),
    );
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({ method: 'POST', target: '/in', body: 'payload' });
    expect(server.requests[0]!.headers).toMatchObject({
      'content-type': 'text/plain',
      'x-tag': 'a b',
      'content-length': '7',
      host: `127.0.0.1:${server.port}`,
    });
  });

  it('reuses connections', async () => {
    const server = await httpServer();
    const { http } = httpGate();
    for (let count = 0; count < 20; count += 1) await http.fetch(request(server.origin + '/'));
    expect(server.requests).toHaveLength(20);
    // The pool may open a second one while the first settles its last answer.
    expect(server.contacts()).toBeLessThanOrEqual(2);
  });

  it('denies by default without a contact, and the guest learns nothing of the policy', async () => {
    const server = await httpServer();
    const { http, records } = httpGate({ allow: () => false });
    const error = await failure(http.fetch(request(`${server.origin}/secret`)));
    expect(error).toMatchObject({ tag: 'denied', val: { reason: 'no-rule', retryAfterMs: undefined } });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(records.map(({ type }) => type)).toEqual(['effect.denied']);
    expect(server.contacts()).toBe(0);
  });

  it('records intent before and outcome after', async () => {
    const server = await httpServer();
    const { http, records } = httpGate();
    await http.fetch(
      request(`${server.origin}/a?token=s3cret&n=1`, {
        method: 'post',
        headers: [['authorization', 'Bearer s3cret']],
        body: bytesOf('s3cret'),
      }),
    );
    expect(records.map(({ type }) => type)).toEqual(['effect.intended', 'effect.settled']);
    expect(records[0]).toMatchObject({
      action: 'http:POST',
      resource: `${server.origin}/a`,
      request: { queryKeys: ['token', 'n'], bodyBytes: 6 },
    });
    expect(records[1]).toMatchObject({
      outcome: { status: 'ok', bytesIn: 2, bytesOut: 6, detail: { status: 200, address: '127.0.0.1' } },
    });
    expect(JSON.stringify(records)).not.toContain('s3cret');
  });

  it('does nothing when the record cannot be written', async () => {
    const server = await httpServer();
    const { http } = httpGate({ auditFailsAt: 0 });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('denied:audit-unavailable');
    expect(server.contacts()).toBe(0);
  });

  it('denies under an obligation that it cannot discharge', async () => {
    const server = await httpServer();
    const { http } = httpGate({ obligations: { rows: 1 } });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('denied:unsupported-obligation');
    expect(server.contacts()).toBe(0);
  });

  it('writes header and body into the record only under log=full, credentials masked', async () => {
    const server = await httpServer();
    const { http, records } = httpGate({ obligations: { log: 'full' } });
    await http.fetch(
      request(`${server.origin}/`, {
        method: 'put',
        headers: [
          ['authorization', 'Bearer s3cret'],
          ['x-a', 'b'],
        ],
        body: bytesOf('visible'),
      }),
    );
    const payload = JSON.stringify(records[0]!.request);
    expect(payload).toContain('visible');
    expect(payload).toContain('["x-a","b"]');
    expect(payload).not.toContain('s3cret');
  });

  it('keeps no cookies', async () => {
    const server = await httpServer((response) => response.writeHead(200, { 'set-cookie': 'sid=1; Path=/' }).end());
    const { http } = httpGate();
    await http.fetch(request(`${server.origin}/`));
    await http.fetch(request(`${server.origin}/`));
    expect(server.requests[1]!.headers.cookie).toBeUndefined();
  });

  it('answers HEAD, 204 and empty bodies', async () => {
    const server = await httpServer((response, { url }) =>
      response
        .writeHead(
          url === '/204' ? 204 : 200,
          url === '/204' ? {} : { 'content-length': '5', 'content-encoding': 'gzip' },
        )
        .end(),
    );
    const { http } = httpGate();
    const head = await http.fetch(request(`${server.origin}/`, { method: 'head' }));
    expect(head.body).toHaveLength(0);
    expect(head.headers).toContainEqual(['content-length', '5']);
    expect((await http.fetch(request(`${server.origin}/204`))).status).toBe(204);
  });

  it('reaches an IPv6 address', async ({ skip }) => {
    const server = await httpServer(undefined, '::1').catch(() => undefined);
    if (server === undefined) return skip('this machine has no IPv6 loopback');
    const { http, dials } = httpGate();
    expect((await http.fetch(request(`http://[0:0::1]:${server.port}/`))).status).toBe(200);
    expect(dials[0]!.address).toBe('::1');
  });

  it('ends requests under way when the gate closes', async () => {
    const server = await httpServer(() => undefined);
    const { http, close } = httpGate();
    const pending = failureTag(http.fetch(request(`${server.origin}/`)));
    await expect.poll(() => server.requests.length).toBe(1);
    await close();
    expect(await pending).toBe('connection-failed');
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('connection-failed');
  });
});
