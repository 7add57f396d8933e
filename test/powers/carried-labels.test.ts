import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCarriedLabels } from '../../host/powers/carried-labels.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'sallyport-labels-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const ORDER = ['public', 'internal', 'confidential', 'secret', 'sealed', 'gone'];
const file = () => join(directory, 'state', 'labels.sqlite');

describe('labels that were written along', () => {
  it('leave no file where there are none', () => {
    const labels = createCarriedLabels(file(), ORDER);
    expect(labels.rankOf('/w/a')).toBeUndefined();
    labels.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('are seen at once by others, and after everybody has closed', () => {
    const [one, other] = [createCarriedLabels(file(), ORDER), createCarriedLabels(file(), ORDER)];
    expect(other.rankOf('/w/a')).toBeUndefined();
    one.raise('/w/a', 2);
    expect(other.rankOf('/w/a')).toBe(2);
    one.close();
    other.close();
    expect(createCarriedLabels(file(), ORDER).rankOf('/w/a')).toBe(2);
  });

  it('only grow', () => {
    const labels = createCarriedLabels(file(), ORDER);
    for (const rank of [1, 3, 2]) labels.raise('/w/a', rank);
    expect(labels.rankOf('/w/a')).toBe(3);
    labels.close();
  });

  it('stay what they are called where the order has changed, and are more than all where they are not in it', () => {
    createCarriedLabels(file(), ORDER).raise('/w/a', 2);
    createCarriedLabels(file(), ORDER).raise('/w/b', 1);
    const changed = ['public', 'new', 'other', 'confidential'];
    const later = createCarriedLabels(file(), changed);
    expect(later.rankOf('/w/a')).toBe(3);
    expect(later.rankOf('/w/b')).toBe(4);
    later.raise('/w/b', 1);
    expect(later.rankOf('/w/b')).toBe(4);
    expect(createCarriedLabels(file(), ORDER).rankOf('/w/b')).toBe(ORDER.length); // it does not have `new`
  });

  it('of a directory are those of everything below it, and of nothing beside it', () => {
    const labels = createCarriedLabels(file(), ORDER);
    labels.raise('/w/a/deep', 2);
    labels.raise('/w-other', 4);
    labels.raise('/w0', 4);
    labels.raise('db:main/w', 4);
    expect(labels.rankBelow('/w')).toBe(2);
    expect(labels.rankBelow('/w/a/deep')).toBe(2);
    expect(labels.rankBelow('/w/b')).toBeUndefined();
    labels.raise('/w', 3);
    expect(labels.rankBelow('/w')).toBe(3);
    expect(labels.rankBelow('/')).toBe(4);
    labels.close();
  });

  it('take any name for what it is', () => {
    const labels = createCarriedLabels(file(), ORDER);
    const names = ["/w/'; DROP TABLE written_label; --", '/w/é', '/w/e\u0301', 'db:main/orders', '/w/a%'];
    names.forEach((name, index) => labels.raise(name, index + 1));
    expect(names.map((name) => labels.rankOf(name))).toEqual([1, 2, 3, 4, 5]);
    labels.close();
  });

  it('are an error where the file is no database, and not an answer', () => {
    createCarriedLabels(file(), ORDER).raise('/w/b', 1);
    writeFileSync(file(), 'not a database, and longer than a header of one has to be'.repeat(20));
    rmSync(`${file()}-wal`, { force: true });
    rmSync(`${file()}-shm`, { force: true });
    const labels = createCarriedLabels(file(), ORDER);
    expect(() => labels.rankOf('/w/a')).toThrow();
    expect(() => labels.raise('/w/a', 1)).toThrow();
    expect(existsSync(file())).toBe(true);
  });
});
