import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf } from '../../host/wasi/file-path.ts';

describe('a path', () => {
  it.each([
    ['a', '/w/d/a', false],
    ['a/b.txt', '/w/d/a/b.txt', false],
    ['.hidden', '/w/d/.hidden', false],
    ['...', '/w/d/...', false],
    ['..a/b..', '/w/d/..a/b..', false],
    ['a/', '/w/d/a', true],
    ['a///', '/w/d/a', true],
    ['a//b', '/w/d/a/b', false],
    ['./a', '/w/d/a', false],
    ['a/.', '/w/d/a', true],
    ['a/./b', '/w/d/a/b', false],
    ['a/b/..', '/w/d/a', true],
    ['a/../b', '/w/d/b', false],
    ['a/b/../../c', '/w/d/c', false],
    ['.', '/w/d', true],
    ['./', '/w/d', true],
    ['a/..', '/w/d', true],
  ])('%j leads to %s', (path, place, directory) => {
    expect(placeOf('/w/d', path)).toEqual({ path: place, directory });
  });

  it.each([
    ['', 'no-entry'],
    ['/', 'not-permitted'],
    ['/w/d/a', 'not-permitted'],
    ['//a', 'not-permitted'],
    ['..', 'not-permitted'],
    ['../d/a', 'not-permitted'],
    ['a/../..', 'not-permitted'],
    ['a/../../d/a', 'not-permitted'],
    ['./../a', 'not-permitted'],
    ['a//../..//..', 'not-permitted'],
    ['a/'.repeat(3000), 'name-too-long'],
  ])('%j is refused: %s', (path, refused) => {
    expect(placeOf('/w/d', path)).toEqual({ refused });
  });

  it('never leads out of its directory, and is canonical wherever it leads', () => {
    const segment = fc.oneof(fc.constantFrom('', '.', '..', '...', 'a', '.b'), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const place = placeOf('/w/d', segments.join('/'));
        if ('refused' in place) return;
        const [first, ...below] = place.path.split('/d');
        expect(first).toBe('/w');
        expect(below.length).toBeGreaterThan(0);
        const names = place.path.split('/').slice(1);
        expect(names.slice(0, 2)).toEqual(['w', 'd']);
        for (const name of names) expect(['', '.', '..']).not.toContain(name);
      }),
      { numRuns: 2000 },
    );
  });

  it('leads where POSIX leads it in a tree of directories without links', () => {
    const segment = fc.constantFrom('', '.', '..', 'a', 'b');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const path = segments.join('/');
        if (path === '' || path.startsWith('/')) return;
        const place = placeOf('/w', path);
        const real = posix.join('/w', path).replace(/(.)\/$/, '$1');
        if ('path' in place) expect(place.path).toBe(real);
        else expect(place.refused).toBe('not-permitted');
      }),
      { numRuns: 2000 },
    );
  });
});
