import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request, WILD, type GateUnderTest } from '../../gates/http/http-gate.ts';
import { httpServer, rawServer } from '../../gates/http/loopback.ts';
import { addressUrls, confusedUrls } from './ssrf-urls.ts';

const REFUSALS = new Set(['denied:address-forbidden', 'denied:no-rule', 'invalid-request', 'name-not-resolved']);

/** The URLs that were not refused. */
async function admitted({ http }: GateUnderTest, urls: readonly string[]): Promise<string[]> {
  const through: string[] = [];
  for (const url of urls) {
    const tag = await failureTag(http.fetch(request(url))).catch(() => 'answered');
    if (!REFUSALS.has(tag)) through.push(`${url}: ${tag}`);
  }
  return through;
}

describe('H1, H2, H3: no spelling of a URL leads to a forbidden address', () => {
  it('refuses more than a thousand spellings of addresses under a rule for every host, without a contact', async () => {
    const listeners = [await httpServer(), await httpServer(undefined, '127.0.0.3'), await rawServer(() => undefined)];
    const gate = httpGate({ rules: WILD });
    const urls = listeners.flatMap(({ port }) =>
      addressUrls(port).slice(0, listeners[0]?.port === port ? undefined : 148),
    );
    expect(urls.length).toBeGreaterThan(1000);
    expect(await admitted(gate, urls)).toEqual([]);
    expect(gate.dials).toEqual([]);
    for (const listener of listeners) expect(listener.contacts()).toBe(0);
  });

  it('refuses every URL in which a forbidden host hides beside an allowed one, and still serves the allowed one', async () => {
    const forbidden = await httpServer(undefined, '127.0.0.3');
    const port = forbidden.port;
    const good = await httpServer(undefined, '127.0.0.1', port);
    const gate = httpGate({
      allow: ({ resource }) => /^http:\/\/good\.example\.test(?::\d+)?\//u.test(resource),
      names: { 'good.example.test': ['127.0.0.1'] },
    });
    const urls = confusedUrls(port);
    expect(urls.length).toBeGreaterThan(180);
    // What the policy sees as the allowed host may be dialled there, on port 80, and nowhere else.
    const through = await admitted(gate, urls);
    expect(through.filter((text) => !text.endsWith('connection-failed'))).toEqual([]);
    expect(new Set(gate.dials.map(({ origin }) => origin.replace(/:\d+$/u, '')))).toEqual(
      new Set(gate.dials.length === 0 ? [] : ['http://good.example.test']),
    );
    expect(forbidden.contacts()).toBe(0);
    expect((await gate.http.fetch(request(`http://good.example.test:${port}/`))).status).toBe(200);
    expect(good.contacts()).toBe(1);
  });

  it('refuses every forbidden address behind a name, and one among many good ones', async () => {
    const listener = await httpServer();
    const addresses = [
      '127.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      'fe80::1',
    ];
    const names = new Map<string, readonly string[]>();
    for (const [index, address] of addresses.entries()) {
      names.set(`alone${index}.example.test`, [address]);
      names.set(`last${index}.example.test`, ['93.184.216.34', '2606:2800:220:1::1', address]);
      names.set(`first${index}.example.test`, [address, '93.184.216.34']);
    }
    for (const junk of ['', 'localhost', '127.1', '0x7f000001', '127.0.0.1 ', 'fe80::1%lo', '/var/run/socket'])
      names.set(`junk${names.size}.example.test`, [junk]);
    const gate = httpGate({ rules: WILD, names: Object.fromEntries(names) });
    const urls = [...names.keys()].map((name) => `http://${name}:${listener.port}/`);
    expect(await admitted(gate, urls)).toEqual([]);
    expect(gate.dials).toEqual([]);
    expect(listener.contacts()).toBe(0);
  });
});
