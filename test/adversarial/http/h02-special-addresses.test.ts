import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, NAMED, publicLoopback, request, WILD } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

const SPECIAL = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[5f00::1]',
];

describe('H2: special addresses are reached only where a rule names them', () => {
  it.each(SPECIAL)('does not dial %s under a rule that does not name it', async (host) => {
    const { http, dials, records } = httpGate({ rules: WILD });
    expect(await failureTag(http.fetch(request(`http://${host}/`)))).toBe('denied:address-forbidden');
    expect(dials).toEqual([]);
    expect(records.map(({ type }) => type)).toEqual(['effect.intended', 'effect.denied']);
  });

  it.each(SPECIAL)('does not dial a name that leads to %s', async (host) => {
    const { http, dials } = httpGate({ rules: WILD, names: { 'name.test': [host.replace(/[[\]]/g, '')] } });
    expect(await failureTag(http.fetch(request('http://name.test/')))).toBe('denied:address-forbidden');
    expect(dials).toEqual([]);
  });

  it.each([
    '169.254.169.254',
    '169.254.0.1',
    'fe80::1',
    'fd00:ec2::254',
    '100.100.100.200',
    '168.63.129.16',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    '::',
  ])('does not dial %s even for a name that a rule names', async (address) => {
    const { http, dials } = httpGate({ rules: NAMED, names: { 'name.test': [address] } });
    expect(await failureTag(http.fetch(request('http://name.test/')))).toBe('denied:address-forbidden');
    expect(dials).toEqual([]);
  });

  it('leaves the forbidden listener without a contact', async () => {
    const server = await httpServer(undefined, '127.0.0.3');
    const { http } = httpGate({ rules: WILD, classify: publicLoopback, names: { 'name.test': ['127.0.0.3'] } });
    expect(await failureTag(http.fetch(request(`http://name.test:${server.port}/`)))).toBe('denied:address-forbidden');
    expect(await failureTag(http.fetch(request(`http://127.0.0.3:${server.port}/`)))).toBe('denied:address-forbidden');
    expect(server.contacts()).toBe(0);
  });

  it('dials loopback and private addresses where a rule names the host', async () => {
    const server = await httpServer();
    const { http } = httpGate({ rules: NAMED, names: { 'name.test': ['127.0.0.1'] } });
    expect((await http.fetch(request(`${server.origin}/`))).status).toBe(200);
    expect((await http.fetch(request(`http://name.test:${server.port}/`))).status).toBe(200);
    expect(server.requests[1]!.headers.host).toBe(`name.test:${server.port}`);
  });

  it('dials a name in a network that the configuration opens, and no other', async () => {
    const server = await httpServer(undefined, '127.0.0.3');
    const { http } = httpGate({
      rules: WILD,
      config: { networks: ['127.0.0.2/31'] },
      names: { 'in.test': ['127.0.0.3'], 'out.test': ['127.0.0.4'] },
    });
    expect((await http.fetch(request(`http://in.test:${server.port}/`))).status).toBe(200);
    expect(await failureTag(http.fetch(request(`http://out.test:${server.port}/`)))).toBe('denied:address-forbidden');
  });

  it('does not open link-local addresses by a network of the configuration', async () => {
    const { http, dials } = httpGate({
      rules: WILD,
      config: { networks: ['169.254.0.0/16'] },
      names: { 'name.test': ['169.254.169.254'] },
    });
    expect(await failureTag(http.fetch(request('http://name.test/')))).toBe('denied:address-forbidden');
    expect(dials).toEqual([]);
  });
});
