import { afterEach, describe, expect, it, vi } from 'vitest';
import { httpGate, request, textOf } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

afterEach(() => vi.unstubAllEnvs());

describe('H11: the environment does not choose the way', () => {
  it('dials the vetted address whatever the proxy variables say', async () => {
    const trap = await httpServer((response) => response.end('trap'));
    const server = await httpServer((response) => response.end('direct'));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'])
      vi.stubEnv(name, trap.origin);
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    vi.stubEnv('NO_PROXY', '');
    const { http } = httpGate({ names: { 'name.test': ['127.0.0.1'] } });
    expect(textOf((await http.fetch(request(`${server.origin}/`))).body)).toBe('direct');
    expect(textOf((await http.fetch(request(`http://name.test:${server.port}/`))).body)).toBe('direct');
    expect(trap.contacts()).toBe(0);
  });
});
