import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../host/contracts/request.ts';
import { createFsParser } from '../../host/gates/fs/request.ts';
import { isName, pathProblem } from '../../host/gates/fs/virtual-path.ts';
import type { FsMount } from '../../host/gates/fs/config.ts';
import { mountOf } from '../gates/fs/fs-fixture.ts';

const MOUNTS: readonly FsMount[] = [mountOf('/workspace', '/host/a'), mountOf('/data/in', '/host/b')];
const parser = createFsParser({ mounts: MOUNTS });

const piece = fc.oneof(
  fc.constantFrom(
    'workspace',
    'data',
    'in',
    '.',
    '..',
    '',
    'a',
    '.env',
    '\\',
    '\0',
    '%2e',
    'e\u0301',
    '\u00e9',
    '\ud800',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const path = fc
  .tuple(fc.constantFrom('/', '', '//', '/workspace/', '/data/in/'), fc.array(piece, { maxLength: 70 }))
  .map(([start, pieces]) => start + pieces.join('/'));

describe('canonical paths', () => {
  it('are decided on as they were given, or refused: nothing is rewritten', () => {
    fc.assert(
      fc.property(path, (given) => {
        const parsed = parser.stat(given);
        if (isRefusal(parsed)) {
          expect(parsed.refused).toMatch(/^path: [ -~]+$/);
          return;
        }
        expect(parsed.accesses[0].resource).toBe(given);
        expect(given.normalize('NFC')).toBe(given);
        expect(Buffer.from(given, 'utf8').toString('utf8')).toBe(given);
      }),
      { numRuns: 3000 },
    );
  });

  it('lead to the names that were decided: mount and names together are the resource', () => {
    fc.assert(
      fc.property(path, (given) => {
        const parsed = parser.read(given, undefined);
        if (isRefusal(parsed)) return;
        const { mount, names } = parsed.target.place;
        if (mount === undefined) {
          expect(MOUNTS.some((known) => given === known.path || given.startsWith(`${known.path}/`))).toBe(false);
          expect(names).toEqual([]);
        } else expect([mount.path, ...names].join('/')).toBe(given);
        for (const name of names) {
          expect(['', '.', '..']).not.toContain(name);
          expect(name).not.toMatch(/[/\0\\]/);
          expect(isName(name)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('stay canonical when a canonical name is added', () => {
    fc.assert(
      fc.property(path, piece, (folder, name) => {
        fc.pre(pathProblem(folder) === undefined && folder !== '/' && isName(name));
        fc.pre(folder.split('/').length <= 60 && folder.length < 1000);
        expect(pathProblem(`${folder}/${name}`)).toBeUndefined();
      }),
    );
  });

  it('make a request twice the same', () => {
    fc.assert(
      fc.property(path, fc.uint8Array({ maxLength: 20 }), (given, contents) => {
        expect(parser.write(given, contents)).toEqual(parser.write(given, contents));
      }),
    );
  });
});
