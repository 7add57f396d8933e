import { describe, expect, it } from 'vitest';
import { bytesOf, failureTag, httpGate, request } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const CANARY = 'canary5ecret';

describe('H13: data leaves only in requests that were decided on', () => {
  it('does not resolve a name that no rule allows', async () => {
    const { http, lookups } = httpGate({ allow: () => false, names: { [`${CANARY}.evil.test`]: ['127.0.0.1'] } });
    expect(await failureTag(http.fetch(request(`http://${CANARY}.evil.test/`)))).toBe('denied:no-rule');
    expect(lookups).toEqual([]);
  });

  it('does not resolve the name of a redirect that no rule allows', async () => {
    const server = await httpServer((response) =>
      response.writeHead(302, { location: `http://${CANARY}.evil.test/` }).end(),
    );
    const { http, lookups } = httpGate({ allow: ({ resource }) => resource.startsWith(server.origin) });
    expect(await failureTag(http.fetch(request(`${server.origin}/`)))).toBe('denied:no-rule');
    expect(lookups).toEqual([]);
  });

  it('counts the bytes of the body and shows them to the decision', async () => {
    const server = await httpServer();
    const { http, records } = httpGate({ allow: ({ attributes }) => Number(attributes.get('body-bytes')) <= 12 });
    await http.fetch(request(`${server.origin}/`, { method: 'post', body: bytesOf(CANARY) }));
    expect(records[1]!.outcome).toMatchObject({ bytesOut: CANARY.length });
    expect(
      await failureTag(http.fetch(request(`${server.origin}/`, { method: 'post', body: bytesOf(`${CANARY}+`) }))),
    ).toBe('denied:no-rule');
    expect(server.requests).toHaveLength(1);
  });

  it('bounds the body and the URL', async () => {
    const server = await httpServer();
    const { http } = httpGate({ config: { maxRequestBytes: 10 } });
    expect(
      await failureTag(http.fetch(request(`${server.origin}/`, { method: 'post', body: bytesOf('01234567890') }))),
    ).toBe('invalid-request');
    expect(await failureTag(http.fetch(request(`${server.origin}/?${'a'.repeat(9000)}`)))).toBe('invalid-request');
    expect(await failureTag(http.fetch(request(`${server.origin}/?${'é'.repeat(3000)}`)))).toBe('invalid-request');
    expect(await failureTag(http.fetch(request(`${server.origin}/?${'a&'.repeat(257)}`)))).toBe('invalid-request');
    expect(server.contacts()).toBe(0);
  });

  it('shows query values to the decision', async () => {
    const server = await httpServer();
    const { http } = httpGate({ allow: ({ attributes }) => attributes.get('query.q') !== CANARY });
    expect(await failureTag(http.fetch(request(`${server.origin}/?q=${CANARY}`)))).toBe('denied:no-rule');
    expect(await failureTag(http.fetch(request(`${server.origin}/?q=%63${CANARY.slice(1)}`)))).toBe('denied:no-rule');
    expect((await http.fetch(request(`${server.origin}/?q=other`))).status).toBe(200);
  });

  it('keeps bodies, header values and query values out of the record', async () => {
    const server = await httpServer((response) => response.end(CANARY));
    const { http, records } = httpGate();
    await http.fetch(
      request(`${server.origin}/?q=${CANARY}`, { method: 'post', headers: [['x-a', CANARY]], body: bytesOf(CANARY) }),
    );
    expect(JSON.stringify(records)).not.toContain(CANARY);
    expect(JSON.stringify(records[0]!.request).length).toBeLessThan(1024);
  });

  it('keeps the summary small whatever the guest sends', async () => {
    const server = await httpServer();
    const { http, records } = httpGate();
    const headers = Array.from({ length: 60 }, (_, index) => [`x-${'long'.repeat(20)}-${index}`, 'a'] as const);
    await http.fetch(
      request(`${server.origin}/?${Array.from({ length: 200 }, (_, index) => `key-number-${index}=1`).join('&')}`, {
        headers,
      }),
    );
    expect(JSON.stringify(records[0]!.request).length).toBeLessThan(1100);
  });
});
