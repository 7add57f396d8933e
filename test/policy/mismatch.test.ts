import { describe, expect, it } from 'vitest';
import { resourceMismatch } from '../../host/policy/mismatch.ts';
import { parseResourcePattern } from '../../host/policy/resource-pattern.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';

const between = (pattern: string, resource: string): string => {
  const parts = splitCanonical(resource);
  if (parts === undefined) throw new TypeError(resource);
  return resourceMismatch(parseResourcePattern(pattern), parts);
};

describe('what of a resource does not fit a row', () => {
  it.each([
    ['/w/a/**', '/w/b/c', 'segment 2 is `b`, the row has `a`'],
    ['/w/a', '/w/a/b', 'the resource goes on with `/b` where the row ends'],
    ['/w/a/b', '/w/a', 'the resource ends before `b` of the row'],
    ['/w/**', '/w', 'the resource ends where the row has `**`: a closing `**` stands for one segment or more'],
    ['/w/**/.env', '/w/a/b', '`a/b` is not what `**/.env` stands for'],
    ['/w/report-*.csv', '/w/report-1.txt', 'segment 2 is `report-1.txt`, the row has `report-*.csv`'],
    ['https://h.test/v1/*', 'https://h.test/v1/', 'segment 2 is empty, the row has `*`'],
    ['https://h.test/v1/', 'https://h.test/v1/x', 'segment 2 is `x`, the row has `(an empty one)`'],
    ['https://h.test/**', 'http://h.test/x', 'the row is for `https` and not for `http`'],
    ['https://h.test/**', '/h.test/x', 'the row is for `https` and not for `files`'],
    ['https://h.test/**', 'https://g.test/x', 'the host is `g.test`, the row has `h.test`'],
    [
      'https://*.test/**',
      'https://a.b.test/x',
      'the host is `a.b.test`, the row has `*.test`: `*.` stands for exactly one label',
    ],
    [
      'https://**.b.test/**',
      'https://b.test/x',
      'the host is `b.test`, the row has `**.b.test`: `**.` stands for one label or more',
    ],
    [
      'https://**/**',
      'https://127.0.0.1/x',
      'the host is `127.0.0.1`, the row has `**`: a wildcard never stands for an address',
    ],
    ['https://h.test/**', 'https://h.test:8443/x', 'the port is 8443, the row has 443'],
    ['http://h.test:8080/**', 'http://h.test/x', 'the port is 80, the row has 8080'],
    ['db:main/orders', 'db:main/customers', 'segment 2 is `customers`, the row has `orders`'],
    ['db:main/orders', 'db:other/orders', 'segment 1 is `other`, the row has `main`'],
  ])('%s on %s', (pattern, resource, says) => {
    expect(between(pattern, resource)).toBe(says);
  });
});
