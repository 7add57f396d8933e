import { describe, expect, it } from 'vitest';
import { createDestinations, type OriginFamily } from '../../host/policy/origin-reach.ts';
import { AGENT, load } from './fixture.ts';

const destinationsOf = (resource: string, effect = 'allow', action = 'http:GET') =>
  createDestinations(load(`p, ${AGENT}, ${action}, ${resource}, -, ${effect}, -\n`).sliceFor(AGENT));
const family = (host: string, more: Partial<OriginFamily> = {}): OriginFamily => ({
  ...{ scheme: 'https', host, wild: false, port: 443 },
  ...more,
});

describe('where rules lead', () => {
  it.each([
    ['https://api.example.com/**', family('api.example.com'), true],
    ['https://api.example.com/v1/only', family('api.example.com'), true],
    ['https://api.example.com/**', family('example.com'), false],
    ['https://api.example.com/**', family('api.example.com', { port: 8443 }), false],
    ['https://api.example.com:8443/**', family('api.example.com', { port: 8443 }), true],
    ['http://127.0.0.1:80/**'.replace(':80', ''), family('127.0.0.1', { scheme: 'http', port: 80 }), true],
    ['http://api.example.com/**', family('api.example.com'), false],
    ['https://*.example.com/**', family('api.example.com'), true],
    ['https://*.example.com/**', family('a.b.example.com'), false],
    ['https://**.example.com/**', family('a.b.example.com'), true],
    ['https://**/**', family('a.b.example.com'), true],
    ['https://**/**', family('127.0.0.1'), false],
    ['https://**/**', family('[::1]'), false],
    ['https://api.example.com/**', family('example.com', { wild: true }), true],
    ['https://a.b.example.com/**', family('example.com', { wild: true }), false],
    ['https://*.example.com/**', family('example.com', { wild: true }), true],
    ['https://*.b.example.com/**', family('example.com', { wild: true }), false],
    ['https://**.example.com/**', family('b.example.com', { wild: true }), true],
    ['https://**.b.example.com/**', family('example.com', { wild: true }), false],
  ])('%s meets %j: %s', (resource, wanted, expected) => {
    expect(destinationsOf(resource).origin(wanted)).toBe(expected);
    expect(destinationsOf(resource, 'deny').origin(wanted)).toBe(false);
  });

  it.each([
    ['db:main/**', true],
    ['db:main/public.orders', true],
    ['db:*/orders', true],
    ['db:**', true],
    ['db:other/**', false],
    ['db:main2/**', false],
  ])('%s leads into the database `main`: %s', (resource, expected) => {
    expect(destinationsOf(resource, 'allow', 'db:select').database('main')).toBe(expected);
  });
});
