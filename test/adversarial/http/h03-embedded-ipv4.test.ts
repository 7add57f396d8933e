import { describe, expect, it } from 'vitest';
import { failureTag, httpGate, request, WILD } from '../../gates/http/http-gate.ts';
import { httpServer } from '../../gates/http/loopback.ts';

/** 127.0.0.1, 10.0.0.1 and 169.254.169.254 inside of IPv6 addresses. */
const EMBEDDED = [
  ['mapped', '::ffff:127.0.0.1'],
  ['mapped', '::ffff:a00:1'],
  ['mapped', '::ffff:169.254.169.254'],
  ['compatible', '::127.0.0.1'],
  ['compatible', '::a00:1'],
  ['translated', '::ffff:0:127.0.0.1'],
  ['NAT64', '64:ff9b::127.0.0.1'],
  ['NAT64', '64:ff9b::a9fe:a9fe'],
  ['local NAT64', '64:ff9b:1::10.0.0.1'],
  ['6to4', '2002:7f00:1::'],
  ['6to4', '2002:a9fe:a9fe::1'],
  ['Teredo', '2001:0:0:0:0:0:80ff:fffe'],
  ['ISATAP', '2a00:1:2:3:0:5efe:127.0.0.1'],
  ['ISATAP', '2a00:1:2:3:200:5efe:10.0.0.1'],
  ['ISATAP', 'fe80::5efe:10.0.0.1'],
] as const;

describe('H3: an IPv4 address inside of an IPv6 address is decided like itself', () => {
  it.each(EMBEDDED)('does not dial the %s literal [%s]', async (_form, address) => {
    const { http, dials } = httpGate({ rules: WILD });
    expect(await failureTag(http.fetch(request(`http://[${address}]/`)))).toBe('denied:address-forbidden');
    expect(dials).toEqual([]);
  });

  it.each(EMBEDDED)('does not dial a name that leads to the %s address %s', async (_form, address) => {
    const { http, dials } = httpGate({ rules: WILD, names: { 'name.test': [address] } });
    expect(await failureTag(http.fetch(request('http://name.test/')))).toBe('denied:address-forbidden');
    expect(dials).toEqual([]);
  });

  it.each(['fe80::1%lo', 'fe80::1%25lo', '127.0.0.1%lo', '0x7f000001', '127.1', ''])(
    'does not dial what a resolver answers as %j',
    async (answer) => {
      const { http, dials } = httpGate({ names: { 'name.test': [answer] } });
      expect(await failureTag(http.fetch(request('http://name.test/')))).toBe('denied:address-forbidden');
      expect(dials).toEqual([]);
    },
  );

  it('dials the IPv4 address of a mapped answer where that is allowed', async () => {
    const server = await httpServer();
    const { http, dials } = httpGate({ names: { 'name.test': ['::ffff:127.0.0.1'] } });
    expect((await http.fetch(request(`http://name.test:${server.port}/`))).status).toBe(200);
    expect(dials[0]!.address).toBe('127.0.0.1');
  });
});
