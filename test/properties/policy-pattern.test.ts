import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellError } from '../../host/policy/cell-error.ts';
import { coversResource, matchesResource, parseResourcePattern } from '../../host/policy/resource-pattern.ts';
import { splitCanonical, type ResourceParts } from '../../host/policy/resource-parts.ts';
import { createRuleIndex } from '../../host/policy/rule-index.ts';
import { pattern, resource } from './policy-arbitrary.ts';

/** The rules of patterns, as slowly and plainly as they can be written: every way to match is tried. */
function matchesPlainly(text: string, given: ResourceParts): boolean {
  const parts = splitPlainly(text);
  if (parts.head !== given.head) return false;
  if (given.address || parts.address) return parts.host === given.host && list(parts.path, given.path);
  return (
    list(
      parts.host === '' ? [] : parts.host.split('.').reverse(),
      given.host === '' ? [] : given.host.split('.').reverse(),
    ) && list(parts.path, given.path)
  );
}

const splitPlainly = (text: string) => {
  const url = /^(https?:\/\/)([^/:]+)(:\d+)?\/(.*)$/.exec(text);
  if (url)
    return {
      head: `${url[1]}${url[3] ?? ''}`,
      host: url[2]!,
      address: /^[\d.]+$/.test(url[2]!),
      path: url[4]!.split('/'),
    };
  const start = text.startsWith('/') ? 1 : text.indexOf(':') + 1;
  return {
    head: text.startsWith('/') ? '' : text.slice(0, start),
    host: '',
    address: false,
    path: text.slice(start).split('/'),
  };
};

function list(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first !== '**') return text[0] !== undefined && one(first, text[0]) && list(rest, text.slice(1));
  const least = rest.length === 0 ? 1 : 0;
  return Array.from({ length: text.length + 1 }, (_, taken) => taken).some(
    (taken) => taken >= least && list(rest, text.slice(taken)),
  );
}

const one = (pattern: string, text: string): boolean =>
  pattern === '*'
    ? text !== ''
    : new RegExp(
        `^${pattern
          .split('*')
          .map((piece) => piece.replaceAll('.', '\\.'))
          .join('.*')}$`,
      ).test(text);

function isPattern(text: string): boolean {
  try {
    parseResourcePattern(text);
    return true;
  } catch {
    return false;
  }
}

describe('resource patterns', () => {
  it('match exactly what their plain definition matches', () => {
    let matched = 0;
    fc.assert(
      fc.property(pattern, fc.array(resource, { minLength: 1, maxLength: 20 }), (text, resources) => {
        const compiled = parseResourcePattern(text);
        for (const given of resources) {
          const parts = splitCanonical(given)!;
          const expected = matchesPlainly(text, parts);
          if (expected) matched++;
          expect(matchesResource(compiled, parts), `${text} on ${given}`).toBe(expected);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(matched).toBeGreaterThan(50);
  });

  it('cover another only if they match all that it matches', () => {
    let covered = 0;
    const pair = pattern.chain((broad) => {
      const filled = ['**', '*']
        .flatMap((from) => ['x', '*', 'x*'].map((to) => broad.replace(from, to)))
        .filter(isPattern);
      return fc.tuple(fc.constant(broad), fc.oneof(pattern, fc.constantFrom(broad, ...filled)));
    });
    fc.assert(
      fc.property(pair, fc.array(resource, { minLength: 1, maxLength: 20 }), ([broad, narrow], resources) => {
        const [wide, small] = [parseResourcePattern(broad), parseResourcePattern(narrow)];
        if (!coversResource(wide, small)) return;
        covered++;
        for (const given of resources) {
          const parts = splitCanonical(given)!;
          if (matchesResource(small, parts))
            expect(matchesResource(wide, parts), `${broad} covers ${narrow}: ${given}`).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(covered).toBeGreaterThan(200);
  });

  it('are never left out by the index', () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 40 }),
        fc.array(resource, { minLength: 1, maxLength: 20 }),
        (patterns, resources) => {
          const entries = patterns.map((text, order) => ({
            order,
            action: order % 2 === 0 ? 'x:y' : 'x:*',
            pattern: text,
          }));
          const index = createRuleIndex(entries);
          for (const given of resources) {
            const parts = splitCanonical(given)!;
            const fitting = ({ pattern: text }: { pattern: string }) =>
              matchesResource(parseResourcePattern(text), parts);
            const found = index.candidates('x:y', parts);
            expect(found.filter(fitting)).toEqual(entries.filter(fitting));
            expect(index.candidates('x:z', parts).filter(fitting)).toEqual(
              entries.filter((entry) => entry.action === 'x:*' && fitting(entry)),
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are accepted or refused with an offset inside the text, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `https://${text}`),
          fc.string().map((text) => `/${text}`),
        ),
        (text) => {
          try {
            parseResourcePattern(text);
          } catch (error) {
            expect(error).toBeInstanceOf(CellError);
            if (error instanceof CellError) expect(error.offset >= 0 && error.offset <= text.length).toBe(true);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
