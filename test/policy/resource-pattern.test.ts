import { describe, expect, it } from 'vitest';
import { CellError } from '../../host/policy/cell-error.ts';
import {
  coversResource,
  matchesResource,
  namesHost,
  parseResourcePattern,
} from '../../host/policy/resource-pattern.ts';
import { literalPattern } from '../../host/policy/row-proposal.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';

function matches(pattern: string, resource: string): boolean {
  const parts = splitCanonical(resource);
  if (parts === undefined) throw new Error(`not canonical: ${resource}`);
  return matchesResource(parseResourcePattern(pattern), parts);
}

function mistake(pattern: string): CellError {
  try {
    parseResourcePattern(pattern);
  } catch (error) {
    if (error instanceof CellError) return error;
    throw error;
  }
  throw new Error(`accepted: ${pattern}`);
}

const WORKED: readonly (readonly [string, string, boolean])[] = [
  ['https://*.example.com/**', 'https://api.example.com/v1', true],
  ['https://*.example.com/**', 'https://a.b.example.com/v1', false],
  ['https://**.example.com/**', 'https://a.b.example.com/v1', true],
  ['https://**.example.com/**', 'https://example.com/v1', false],
  ['https://**.example.com/**', 'https://example.com.evil.test/v1', false],
  ['https://**.example.com/**', 'https://notexample.com/v1', false],
  ['https://api.example.com/**', 'https://apixexample.com/v1', false],
  ['https://api.example.com/**', 'http://api.example.com/v1', false],
  ['https://api.example.com/**', 'https://api.example.com:8443/v1', false],
  ['https://api.example.com/**', 'https://api.example.com/', true],
  ['https://api.example.com/v1/*', 'https://api.example.com/v1/', false],
  ['https://api.example.com/v1/**', 'https://api.example.com/v1', false],
  ['https://api.example.com/r/*/i', 'https://api.example.com/r/a/b/i', false],
  ['https://**/**', 'https://127.0.0.1/', false],
  ['https://127.0.0.1/**', 'https://127.0.0.1/x', true],
  ['/workspace/*', '/workspace/.env', true],
  ['/workspace/**/.env', '/workspace/.env', true],
  ['/workspace/**/.env', '/workspace/a/b/.env', true],
  ['/workspace/**', '/workspace', false],
  ['/workspace/**', '/workspace2/a', false],
  ['/workspace/report-*.csv', '/workspace/report-a/b.csv', false],
  ['/workspace/Makefile', '/workspace/makefile', false],
  ['db:main/orders', 'db:main/orders/email', false],
  ['tool:git/*', 'tool:git/push', true],
];

describe('the worked examples of resource patterns', () => {
  it.each(WORKED)('%s on %s is %s', (pattern, resource, expected) => {
    expect(matches(pattern, resource)).toBe(expected);
  });

  it('refuses a negated pattern', () => {
    expect(mistake('!/workspace/**').message).toContain('cannot be negated');
  });
});

describe('resource patterns', () => {
  it.each([
    ['http://localhost:8080/a', 'http://localhost:8080/a', true],
    ['http://localhost:8080/a', 'http://localhost/a', false],
    ['https://**/**', 'https://a.b.c/x/y', true],
    ['https://**:8443/**', 'https://a.b:8443/x', true],
    ['https://*.example.com/', 'https://10.example.com/', true],
    ['https://[::1]/**', 'https://[::1]/x', true],
    ['https://[::1]:8443/**', 'https://[::1]:8443/x', true],
    ['https://**/**', 'https://[::1]/x', false],
    ['https://h/a*b*c', 'https://h/abbc', true],
    ['https://h/a*b*c', 'https://h/ac', false],
    ['https://h/ab*ba', 'https://h/aba', false],
    ['https://h/**/x/**/y', 'https://h/x/y', true],
    ['https://h/**/x/**/y', 'https://h/a/x/b/x/c/y', true],
    ['https://h/**/x/**/y', 'https://h/a/y/x', false],
    ['tool:**', 'tool:git/push', true],
    ['log:*', 'log:info', true],
    ['policy:self', 'policy:self', true],
    ['net:*', 'net:connect', true],
    ['/', '/', true],
    ['/**', '/', true],
    ['/a.b', '/axb', false],
    ['/a+b(c)[d]^$', '/a+b(c)[d]^$', true],
  ])('%s on %s is %s', (pattern, resource, expected) => {
    expect(matches(pattern, resource)).toBe(expected);
  });

  it.each([
    ['/a?b', 2, '`?`'],
    ['/{a,b}', 1, '`{`'],
    ['/a\\b', 2, '`\\`'],
    ['/a**', 2, 'whole segment'],
    ['/a b', 2, '`%20`'],
    ['/a"b', 2, '`"`'],
    ['/a/../b', 2, 'dot segments'],
    ['/a//b', 2, 'empty segment'],
    ['/a/', 2, 'do not end with `/`; expected `/a` or `/a/**`'],
    ['/e\u0301', 0, 'NFC'],
    ['workspace/**', 0, 'expected `https://host/path`, `/path`, or `name:path`'],
    ['htps://a/b', 0, 'did you mean `https`'],
    ['https://a', 0, 'expected `https://host/path`'],
    ['ftp://a/b', 0, 'unknown scheme or name `ftp`'],
    ['https:///b', 8, 'empty label'],
    ['https://*/b', 8, '`**`, `*.example.com`'],
    ['https://a.*.c/b', 10, 'the whole first label'],
    ['https://a*.c/b', 8, 'the whole first label'],
    ['https://API.example.com/b', 8, 'expected `api`'],
    ['https://ex\u00e4mple.com/b', 8, 'xn--'],
    ['https://example.com./b', 20, 'trailing dot'],
    ['https://user@example.com/b', 8, 'no user'],
    ['https://example.com:443/b', 20, 'default port'],
    ['https://example.com:*/b', 20, 'port has no wildcard'],
    ['https://example.com:99999/b', 20, '1 to 65535'],
    ['https://127.1/b', 8, 'written in full'],
    ['https://0x7f000001/b', 8, 'written in full'],
    ['https://127.0.0.999/b', 8, 'not an address'],
    ['https://010.0.0.1/b', 8, 'expected `8.0.0.1`'],
    ['https://[::ffff:10.1.2.3]/b', 8, 'written as IPv4'],
    ['https://[0:0::1]/b', 8, 'expected `[::1]`'],
    ['https://h/a%2Fb', 11, '`%2F` is refused in every request'],
    ['https://h/a#b', 11, 'fragment'],
    ['https://h/\u00e4', 10, '%C3%A4'],
    ['db:main/Orders', 3, 'lower case'],
  ])('refuses %s at %i', (pattern, offset, text) => {
    const error = mistake(pattern);
    expect(error.message).toContain(text);
    expect(error.offset).toBe(offset);
  });

  it('holds at most 64 parts', () => {
    expect(() => parseResourcePattern(`/${'a/'.repeat(63)}a`)).not.toThrow();
    expect(mistake(`/${'a/'.repeat(64)}a`).message).toContain('64 parts');
    expect(mistake(`https://a.b/${'a/'.repeat(62)}a`).message).toContain('64 parts');
  });

  it.each([
    ['https://h/%41', 10, 'so this never matches; expected `A`'],
    ['https://h/a%2e%2e/x', 11, 'expected `.`'],
    ['https://h/caf%c3%a9', 13, 'expected `%C3`'],
    ['https://h/a%zz', 11, 'expected `%25`'],
    ['https://h/a%', 11, 'expected `%25`'],
    ['https://h/a%2Cb', 11, 'put `*` in its place'],
    ['https://h/a<b', 11, 'expected `%3C`'],
    ['tool:', 5, 'no empty segment'],
    ['tool:/git', 5, 'no empty segment'],
    ['tool:git/', 8, 'no empty segment'],
    ['db:main/', 7, 'no empty segment'],
    ['db:main//x', 7, 'no empty segment'],
  ])('are refused where no request has such a resource: %s', (pattern, offset, message) => {
    expect(mistake(pattern)).toMatchObject({ offset, message: expect.stringContaining(message) as string });
  });

  it('name what only an escape can spell', () => {
    expect(matches('https://h/caf%C3%A9%20a', 'https://h/caf%C3%A9%20a')).toBe(true);
    expect(matches('https://h/a;b=c&d+e', 'https://h/a;b=c&d+e')).toBe(true);
    expect(matches('db:main/public.%4Frders', 'db:main/public.%4Frders')).toBe(true);
    expect(literalPattern('db:main/public.%4Frders')).toBe('db:main/public.%4Frders');
  });

  it('names its host when scheme and host have no wildcard', () => {
    const named = (pattern: string) => namesHost(parseResourcePattern(pattern));
    expect(named('https://api.example.com/**')).toBe(true);
    expect(named('https://10.0.0.1/**')).toBe(true);
    expect(named('https://*.example.com/x')).toBe(false);
    expect(named('https://**/x')).toBe(false);
    expect(named('db:main/orders')).toBe(true);
    expect(named('db:main/*')).toBe(false);
    expect(named('/workspace/**')).toBe(false);
  });

  it.each([
    ['/a/**', '/a/b/*', true],
    ['/a/**', '/a/**', true],
    ['/a/*', '/a/**', false],
    ['/a/*', '/a/b*', true],
    ['/a/b*', '/a/bc', true],
    ['/a/b*', '/a/*', false],
    ['/**', '/a/**/.env', true],
    ['https://**.example.com/**', 'https://*.example.com/x', true],
    ['https://*.example.com/**', 'https://**.example.com/x', false],
    ['https://*.example.com/**', 'https://api.example.com/x', true],
    ['https://**/**', 'https://127.0.0.1/x', false],
    ['https://api.example.com/**', 'https://*.example.com/x', false],
    ['https://**/**', 'http://a/x', false],
  ])('%s covers %s: %s', (broad, narrow, expected) => {
    expect(coversResource(parseResourcePattern(broad), parseResourcePattern(narrow))).toBe(expected);
  });

  it('matches a hostile text in time that its parts bound', () => {
    const pattern = parseResourcePattern(`/${'**/a/'.repeat(31)}b`);
    const parts = splitCanonical(`/${'a/'.repeat(255)}c`)!;
    const mixed = parseResourcePattern(`/${'a*'.repeat(200)}b`);
    const long = splitCanonical(`/${'a'.repeat(60_000)}`)!;
    const start = performance.now();
    for (let i = 0; i < 100; i++) {
      expect(matchesResource(pattern, parts)).toBe(false);
      expect(matchesResource(mixed, long)).toBe(false);
    }
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('resources that are not canonical', () => {
  it.each([
    'workspace/a',
    '/a/../b',
    '/./a',
    'https://h',
    'ftp://h/x',
    'https://user@h/x',
    'https://H/x',
    'https://h./x',
    'https://h:443/x',
    'https://h:0/x',
    'https:///x',
    'tool:../x',
    `/${'a/'.repeat(256)}`,
    '',
  ])('%s cannot be decided', (resource) => {
    expect(splitCanonical(resource)).toBeUndefined();
  });
});
