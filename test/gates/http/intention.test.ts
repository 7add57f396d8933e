import { describe, expect, it } from 'vitest';
import { isRefusal, NO_ATTRIBUTES, type Attribute } from '../../../host/contracts/request.ts';
import { ACTIONS, HTTP_INTERFACE, isHttpArgument } from '../../../host/gates/http/index.ts';
import { parseIntention } from '../../../host/gates/http/request.ts';
import { failureTag, httpGate, request } from './http-gate.ts';

const accessOf = (action: string, resource: string, attributes: Readonly<Record<string, Attribute>> = {}) => {
  const parsed = parseIntention({ action, resource, attributes: new Map(Object.entries(attributes)) });
  return isRefusal(parsed) ? parsed.refused : parsed.accesses[0];
};

describe('an http intention', () => {
  it('has the canonical form of the attempt', async () => {
    const { http, records } = httpGate({ allow: () => false });
    await failureTag(http.fetch(request('HTTP://EXAMPLE.test:80/a/../b?q=1')));
    const access = accessOf('http:GET', 'HTTP://EXAMPLE.test:80/a/../b?q=1');
    expect(access).toMatchObject({ action: records[0]!.action, resource: records[0]!.resource });
    expect(access).toHaveProperty(
      'attributes',
      new Map<string, Attribute>([
        ['query.q', '1'],
        ['scheme', 'http'],
        ['host', 'example.test'],
        ['port', 80],
        ['method', 'GET'],
        ['body-bytes', 0],
      ]),
    );
  });

  it('takes query keys and the size of the body as arguments', () => {
    const access = accessOf('http:POST', 'https://a.test/', { 'query.q': 'x', 'body-bytes': 9 });
    expect(access).toHaveProperty(
      'attributes',
      new Map<string, Attribute>([
        ['query.q', 'x'],
        ['scheme', 'https'],
        ['host', 'a.test'],
        ['port', 443],
        ['method', 'POST'],
        ['body-bytes', 9],
      ]),
    );
  });

  it.each([
    ['http:get', 'https://a.test/', {}],
    ['http:TRACE', 'https://a.test/', {}],
    ['http:*', 'https://a.test/', {}],
    ['fs:read', '/a', {}],
    ['http:GET', 'ftp://a.test/', {}],
    ['http:GET', 'https://u@a.test/', {}],
    ['http:GET', 'https://*.a.test/', {}],
    ['http:GET', 'https://a.test/?q=1', { 'query.q': '2' }],
    ['http:GET', 'https://a.test/', { host: 'b.test' }],
    ['http:GET', 'https://a.test/', { unknown: 1 }],
  ])('refuses %s %s %j', (action, resource, attributes) => {
    expect(accessOf(action, resource, attributes)).toBeTypeOf('string');
  });

  it('is answered by the gate without an effect', () => {
    const { gate, pipeline, records, lookups } = httpGate({ allow: ({ resource }) => resource === 'https://a.test/' });
    const check = (resource: string) =>
      pipeline.check(gate.intention({ action: 'http:GET', resource, attributes: NO_ATTRIBUTES }), gate.discharges);
    expect([check('https://A.test'), check('https://b.test/'), check('nonsense')]).toEqual(['allow', 'deny', 'deny']);
    expect([records, lookups]).toEqual([[], []]);
  });

  it('knows its actions, arguments and functions', () => {
    expect(ACTIONS).toEqual([
      'http:GET',
      'http:HEAD',
      'http:POST',
      'http:PUT',
      'http:DELETE',
      'http:OPTIONS',
      'http:PATCH',
    ]);
    expect(['host', 'query.q', 'body-bytes', 'header.x', 'query', ''].map(isHttpArgument)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    const { gate } = httpGate();
    expect(Object.keys(gate.imports.get(HTTP_INTERFACE.name)!)).toEqual([
      'fetch',
      'open',
      'upload',
      'IncomingBody',
      'OutgoingBody',
    ]);
    expect(Object.getPrototypeOf(gate.imports.get(HTTP_INTERFACE.name))).toBeNull();
  });
});
