import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayMatch, mostNear, nearness } from '../../host/policy/nearness.ts';
import { matchesResource, parseResourcePattern } from '../../host/policy/resource-pattern.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { pattern, resource } from '../properties/policy-arbitrary.ts';

const order = (resource: string, patterns: readonly string[]): readonly string[] => {
  const parts = splitCanonical(resource);
  if (parts === undefined) throw new TypeError(resource);
  return mostNear(patterns, 3, (pattern) => nearness(pattern, parts));
};

describe('the nearest patterns', () => {
  it('share the longest beginning, whole segments before letters', () => {
    expect(order('/w/a/report', ['/v/x', '/w/b/**', '/w/a/other', '/w/a/repo'])).toEqual([
      '/w/a/repo',
      '/w/a/other',
      '/w/b/**',
    ]);
  });

  it('may have wildcards in host and path', () => {
    expect(
      order('https://api.h.test/v1/x', ['https://g.test/v1/x', 'https://*.h.test/v2/**', 'https://api.h.test/*/y']),
    ).toEqual(['https://api.h.test/*/y', 'https://*.h.test/v2/**']);
  });

  it('are none where nothing is shared', () => {
    expect(order('/w/a', ['/v/**', 'db:main/a', 'https://h.test/w/a'])).toEqual([]);
    expect(order('https://127.0.0.1/a', ['https://**/b'])).toEqual([]);
    expect(order('https://h.test:8443/a', ['https://*.test/a', 'https://*.h.test:8443/a'])).toEqual([]);
  });

  it('of equals are the earlier ones', () => {
    expect(order('/w/a', ['/w/1', '/w/2', '/w/3', '/w/4'])).toEqual(['/w/1', '/w/2', '/w/3']);
  });
});

describe('a pattern that may match', () => {
  it('is every pattern that does match, and hardly another', () => {
    let matching = 0;
    let spared = 0;
    fc.assert(
      fc.property(pattern, fc.array(resource, { minLength: 1, maxLength: 20 }), (text, resources) => {
        const compiled = parseResourcePattern(text);
        for (const given of resources) {
          const parts = splitCanonical(given);
          if (parts === undefined) throw new TypeError(given);
          const matches = matchesResource(compiled, parts);
          if (matches) matching++;
          else if (!mayMatch(text, parts)) spared++;
          if (matches) expect(mayMatch(text, parts), `${text} on ${given}`).toBe(true);
        }
      }),
      { numRuns: 2_000, examples: [['db:**/.x', ['db:.x']]] },
    );
    expect(matching).toBeGreaterThan(50);
    expect(spared).toBeGreaterThan(5_000);
  });
});
