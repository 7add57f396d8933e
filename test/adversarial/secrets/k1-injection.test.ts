import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { failure, failureTag, httpGate, publicLoopback, request, textOf } from '../../gates/http/http-gate.ts';
import { httpServer, rawServer, once } from '../../gates/http/loopback.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../gates/http/test-certificate.ts';
import { holds, lent, VALUE } from './secret-mirror.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** An https server at 127.0.0.4, which the test certificate names. */
async function tlsServer(answer: (seen: Record<string, unknown>) => { location?: string } = () => ({}), port = 0) {
  const seen: Record<string, unknown>[] = [];
  const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, ({ headers, url }, response) => {
    seen.push({ ...headers, url });
    const { location } = answer({ ...headers, url });
    response.writeHead(location === undefined ? 200 : 307, location === undefined ? {} : { location }).end('ok');
  });
  open.push(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.4', resolve));
  return { seen, port: (server.address() as AddressInfo).port }; // a TCP server has an address of this shape
}

const trusting = { classify: publicLoopback, ca: TEST_CERTIFICATE };

describe('K1: a secret in a request', () => {
  it('is set by the gate, once the request is allowed, in the format of its binding', async () => {
    const server = await tlsServer();
    const { http } = httpGate({ ...trusting, secrets: lent([`127.0.0.4:${server.port}`], { format: 'Bearer {}' }) });
    await http.fetch(request(`https://127.0.0.4:${server.port}/`));
    expect(server.seen).toMatchObject([{ authorization: `Bearer ${VALUE}` }]);
  });

  it('goes with every way to send: fetched, opened, uploaded', async () => {
    const server = await httpServer();
    const { http } = httpGate({ secrets: lent([server.origin]) });
    await http.fetch(request(server.origin));
    await http.open(request(server.origin));
    const body = await http.upload(request(server.origin, { method: 'post' }), undefined);
    await body.finish();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([VALUE, VALUE, VALUE]);
  });

  it.each([
    ['another port', (port: number) => `127.0.0.1:${port + 1}`],
    ['https alone', (port: number) => `127.0.0.1:${port}`],
    ['another address', (port: number) => `http://127.0.0.9:${port}`],
    ['a name', (port: number) => `localhost:${port}`],
  ])('stays where it is if it is bound to %s', async (_, bound) => {
    const server = await httpServer();
    const { http } = httpGate({ secrets: lent([bound(server.port)]) });
    await http.fetch(request(server.origin));
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('is bound by a wildcard to names with exactly one label more', async () => {
    const server = await tlsServer();
    const names = { 'secure.example.test': ['127.0.0.4'] };
    const of = (host: string) =>
      httpGate({ ...trusting, names, secrets: lent([`${host}:${server.port}`]) }).http.fetch(
        request(`https://secure.example.test:${server.port}/`),
      );
    await of('*.example.test');
    await of('*.secure.example.test');
    await of('*.xample.test');
    expect(server.seen.map(({ authorization }) => authorization)).toEqual([VALUE, undefined, undefined]);
  });

  it('is not sent where the request is denied, and nobody is reached', async () => {
    const server = await httpServer();
    const { http } = httpGate({ allow: () => false, secrets: lent([server.origin]) });
    expect(await failureTag(http.fetch(request(server.origin)))).toBe('denied:no-rule');
    expect(server.contacts()).toBe(0);
  });

  it('is not sent to a server whose certificate is not good', async () => {
    const server = await tlsServer();
    const { http } = httpGate({ classify: publicLoopback, secrets: lent([`127.0.0.4:${server.port}`]) });
    expect(await failureTag(http.fetch(request(`https://127.0.0.4:${server.port}/`)))).toBe('tls-failed');
    expect(server.seen).toEqual([]);
  });

  it('does not stand in record, digest, event or fault, and its name does', async () => {
    const server = await httpServer();
    const values = [VALUE, `${VALUE}-other`];
    const seen = await Promise.all(
      values.map(async (value) => {
        const { http, records, events, faults } = httpGate({
          obligations: { log: 'full' },
          secrets: lent([server.origin], { value }),
        });
        await http.fetch(request(server.origin, { headers: [['x-other', 'y']] }));
        const text = inspect({ records, events, faults }, { depth: 20, showHidden: true });
        expect(holds(text)).toBe(false);
        return records[0]?.request;
      }),
    );
    expect(seen[0]).toEqual(seen[1]); // digest and payload are the same, whatever the value
    expect(seen[0]).toMatchObject({ secrets: ['token'], headerNames: ['x-other'] });
  });
});

describe('K1: a guest that writes the header itself', () => {
  const refusal = 'a header field is set that carries a secret here: leave it out, or write the placeholder';

  it.each([
    ['a value', [['authorization', 'mine']]],
    ['odd case', [['AuThOrIzAtIoN', 'mine']]],
    ['nothing in it', [['authorization', '']]],
    ['the placeholder of another secret', [['authorization', '{{secret:other}}']]],
    ['the placeholder and more', [['authorization', '{{secret:token}} more']]],
    ['the placeholder twice in one', [['authorization', '{{secret:token}}{{secret:token}}']]],
  ])('is refused with %s', async (_, headers) => {
    const server = await httpServer();
    const { http } = httpGate({ secrets: lent([server.origin]) });
    expect(await failure(http.fetch(request(server.origin, { headers: headers as [string, string][] })))).toEqual({
      tag: 'invalid-request',
      val: refusal,
    });
    expect(server.contacts()).toBe(0);
  });

  it.each(['x-api-key', 'X-Api-Key', 'x_api_key'])(
    'is refused as `%s` where the secret is `x-api-key`',
    async (name) => {
      const server = await httpServer();
      const { http } = httpGate({ secrets: lent([server.origin], { header: 'X-API-Key' }) });
      const fields = [[name, 'mine']] as const;
      expect(await failure(http.fetch(request(server.origin, { headers: fields })))).toMatchObject({ val: refusal });
    },
  );

  it('is refused where it stands twice, even as the placeholder', async () => {
    const server = await httpServer();
    const { http } = httpGate({ secrets: lent([server.origin], { header: 'x-api-key' }) });
    const headers = [
      ['x-api-key', '{{secret:token}}'],
      ['X-API-KEY', '{{secret:token}}'],
    ] as const;
    expect(await failure(http.fetch(request(server.origin, { headers })))).toMatchObject({ val: refusal });
    expect(server.contacts()).toBe(0);
  });

  it.each(['{{secret:token}}', 'Bearer {{secret:token}}'])('may write %s, and the field stands once', async (value) => {
    const server = await rawServer(once('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    const { http } = httpGate({ secrets: lent([server.origin], { format: 'Bearer {}' }) });
    await http.fetch(request(server.origin, { headers: [['Authorization', value]] }));
    expect(server.received().match(/authorization:.*/gi)).toEqual([`authorization: Bearer ${VALUE}`]);
  });

  it('is refused with a placeholder in a field, or at a host, that it is not bound to', async () => {
    const [bound, other] = [await httpServer(), await httpServer()];
    const { http } = httpGate({ secrets: lent([bound.origin]) });
    const headers = [['x-other', 'a {{secret:token}}']] as const;
    const unbound = [['authorization', '{{secret:token}}']] as const;
    const val = 'a header field holds the placeholder of a secret that is not bound to it here';
    expect(await failure(http.fetch(request(bound.origin, { headers })))).toMatchObject({ val });
    expect(await failure(http.fetch(request(other.origin, { headers: unbound })))).toMatchObject({ val });
    expect(bound.contacts() + other.contacts()).toBe(0);
  });

  it('sends a placeholder in body and URL as it stands: nothing is put in there', async () => {
    const server = await httpServer();
    const { http } = httpGate({ secrets: lent([server.origin]) });
    const body = new TextEncoder().encode('{{secret:token}}');
    await http.fetch(request(`${server.origin}/{{secret:token}}?q={{secret:token}}`, { method: 'post', body }));
    expect(server.requests[0]?.body).toBe('{{secret:token}}');
    expect(decodeURIComponent(server.requests[0]?.target ?? '')).toBe('/{{secret:token}}?q={{secret:token}}');
  });

  it('cannot ask for the answer in pieces', async () => {
    const server = await httpServer();
    const { http } = httpGate({ secrets: lent([server.origin]) });
    expect(await failure(http.fetch(request(server.origin, { headers: [['Range', 'bytes=0-9']] })))).toMatchObject({
      val: 'a range cannot be asked for where a secret is sent',
    });
  });
});

describe('K1: a redirect', () => {
  it('takes no secret to another origin, port or scheme, and none comes back from there', async () => {
    const elsewhere = await httpServer((response, _request, { headers }) => response.end(JSON.stringify(headers)));
    const server = await httpServer((response) => response.writeHead(307, { location: elsewhere.origin }).end());
    const { http } = httpGate({ secrets: lent([server.origin]) });
    const { body } = await http.fetch(request(server.origin));
    expect(server.requests[0]?.headers.authorization).toBe(VALUE);
    expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined();
    expect(holds(textOf(body))).toBe(false);
  });

  it('takes none from https to http: it is refused', async () => {
    const plain = await httpServer();
    const server = await tlsServer(() => ({ location: plain.origin }));
    const secrets = lent([`127.0.0.4:${server.port}`, plain.origin]);
    const { http } = httpGate({ ...trusting, secrets });
    expect(await failureTag(http.fetch(request(`https://127.0.0.4:${server.port}/`)))).toBe('redirect-refused');
    expect(server.seen).toHaveLength(1);
    expect(plain.contacts()).toBe(0);
  });

  it('carries it again to the same origin, and to another one that it is bound to', async () => {
    const other = await httpServer();
    const server = await httpServer((response, _request, { target }) =>
      response.writeHead(307, { location: target === '/' ? '/again' : other.origin }).end(),
    );
    const { http, records } = httpGate({ secrets: lent([server.origin, other.origin]) });
    await http.fetch(request(server.origin, { headers: [['authorization', '{{secret:token}}']] }));
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([VALUE, VALUE]);
    expect(other.requests[0]?.headers.authorization).toBe(VALUE);
    expect(records.filter(({ type }) => type === 'effect.intended')).toHaveLength(3);
  });

  it('whose place holds the value takes only the mark there, and records only the mark', async () => {
    const elsewhere = await httpServer();
    const server = await httpServer((response, _request, { headers }) =>
      response
        .writeHead(302, { location: `${elsewhere.origin}/?t=${encodeURIComponent(headers.authorization ?? '')}` })
        .end(),
    );
    const { http, records } = httpGate({ secrets: lent([server.origin]) });
    await http.fetch(request(server.origin));
    expect(elsewhere.requests[0]?.target).toContain('secret');
    expect(holds(elsewhere.requests[0]?.target ?? '')).toBe(false);
    expect(holds(JSON.stringify(records))).toBe(false);
  });
});
