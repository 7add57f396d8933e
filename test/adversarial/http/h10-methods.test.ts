import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

describe('H10: the method is decided on, and cannot be another on arrival', () => {
  it.each([
    'connect',
    'trace',
    'track',
    'GET',
    'Get',
    'propfind',
    'get /admin HTTP/1.1\r\n',
    '',
    '__proto__',
    'constructor',
  ])('refuses the method %j', async (method) => {
    const server = await httpServer();
    const { http } = httpGate();
    expect(await failureTag(http.fetch(request(`${server.origin}/`, { method })))).toBe('invalid-request');
    expect(server.contacts()).toBe(0);
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'x_http_method_override'])(
    'refuses the field %s',
    async (name) => {
      const server = await httpServer();
      const { http } = httpGate();
      expect(
        await failureTag(http.fetch(request(`${server.origin}/`, { method: 'post', headers: [[name, 'DELETE']] }))),
      ).toBe('invalid-request');
      expect(server.contacts()).toBe(0);
    },
  );

  it.each(['get', 'head', 'post', 'put', 'delete', 'options', 'patch'])(
    'decides on %s as its own action and sends it',
    async (method) => {
      const server = await httpServer();
      const { http, records } = httpGate();
      await http.fetch(
        request(`${server.origin}/`, {
          method,
          body: method === 'get' || method === 'head' ? undefined : bytesOf('x'),
        }),
      );
      expect(records[0]!.action).toBe(`http:${method.toUpperCase()}`);
      expect(server.requests.map((seen) => seen.method)).toEqual([method.toUpperCase()]);
    },
  );
});
