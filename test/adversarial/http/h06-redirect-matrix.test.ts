import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const STATUSES = [301, 302, 303, 307, 308];
const METHODS = ['get', 'head', 'post', 'put', 'delete', 'patch', 'options'];
const SECRETS = [
  'authorization',
  'cookie',
  'x-api-key',
  'x-auth-token',
  'x-amz-security-token',
  'private-token',
  'if-secret',
];
const BODILESS = new Set(['get', 'head']);

/** RFC 9110, section 15.4. */
function methodAfter(status: number, method: string): string {
  if (status === 303) return method === 'head' ? 'head' : 'get';
  return (status === 301 || status === 302) && method === 'post' ? 'get' : method;
}

const CASES = STATUSES.flatMap((status) =>
  METHODS.flatMap((method) => [true, false].map((same) => ({ status, method, same }))),
);

describe('H6: each redirect is a request of its own', () => {
  it.each(CASES)('$status after $method, to the same origin: $same', async ({ status, method, same }) => {
    const other = await httpServer((response) => response.end('there'), '127.0.0.2');
    const server = await httpServer((response, incoming) => {
      if (incoming.url === '/there') response.end('there');
      else response.writeHead(status, { location: same ? '/there' : `${other.origin}/there` }).end();
    });
    const gate = httpGate();
    const body = BODILESS.has(method) ? undefined : bytesOf('body');
    const headers = [...SECRETS.map((name) => [name, 'secret'] as const), ['accept', 'text/plain'] as const];
    await gate.http.fetch(request(`${server.origin}/here`, { method, body, headers }));
    const seen = same ? server.requests[1] : other.requests[0];
    const expected = methodAfter(status, method);
    expect(seen?.method).toBe(expected.toUpperCase());
    expect(seen?.body).toBe(expected === method && body !== undefined ? 'body' : '');
    expect(seen?.headers['accept']).toBe('text/plain');
    for (const name of SECRETS) expect(seen?.headers[name]).toBe(same ? 'secret' : undefined);
    expect(gate.records.map(({ type }) => type)).toEqual([
      'effect.intended',
      'effect.settled',
      'effect.intended',
      'effect.settled',
    ]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('follows a chain of %i, five at most', async (length) => {
    const server = await httpServer((response, incoming) => {
      const left = Number((incoming.url ?? '/0').slice(1));
      if (left === 0) response.end('end');
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const gate = httpGate();
    const call = gate.http.fetch(request(`${server.origin}/${length}`));
    if (length <= 5) expect((await call).url).toBe(`${server.origin}/0`);
    else expect(await failureTag(call)).toBe('redirect-refused');
    expect(server.requests).toHaveLength(Math.min(length, 5) + 1);
    expect(gate.records).toHaveLength(server.requests.length * 2);
  });

  it.each([
    'http://127.0.0.3:PORT/',
    'http://2130706435:PORT/',
    'http://[::ffff:127.0.0.3]:PORT/',
    '//127.0.0.3:PORT/',
    'http://user@127.0.0.3:PORT/',
    'http://127.0.0.3:PORT\\@good.test/',
    'file:///etc/passwd',
    'gopher://127.0.0.3:PORT/',
    'http://127.0.0.3:PORT/%2f',
    'javascript:alert(1)',
    'http:///127.0.0.3:PORT/',
    '\\\\127.0.0.3:PORT\\',
  ])('reaches nobody by a redirect to %j that no rule allows', async (location) => {
    const trap = await httpServer(undefined, '127.0.0.3');
    const server = await httpServer((response) =>
      response.writeHead(302, { location: location.replaceAll('PORT', String(trap.port)) }).end(),
    );
    const gate = httpGate({ allow: ({ resource }) => resource.startsWith('http://127.0.0.1:') });
    const tag = await failureTag(gate.http.fetch(request(`${server.origin}/`)));
    expect(['denied:no-rule', 'redirect-refused']).toContain(tag);
    expect(trap.contacts()).toBe(0);
    expect(gate.dials).toHaveLength(1);
  });
});
