import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCarriedLabels } from '../../host/powers/carried-labels.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'sallyport-labels-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const file = () => join(directory, 'state', 'labels.sqlite');

describe('labels that were written along', () => {
  it('leave no file where there are none', () => {
    const labels = createCarriedLabels(file());
    expect(labels.rankOf('/w/a')).toBeUndefined();
    labels.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('are seen at once by others, and after everybody has closed', () => {
    const [one, other] = [createCarriedLabels(file()), createCarriedLabels(file())];
    expect(other.rankOf('/w/a')).toBeUndefined();
    one.raise('/w/a', 2);
    expect(other.rankOf('/w/a')).toBe(2);
    one.close();
    other.close();
    expect(createCarriedLabels(file()).rankOf('/w/a')).toBe(2);
  });

  it('only grow', () => {
    const labels = createCarriedLabels(file());
    for (const rank of [1, 3, 2]) labels.raise('/w/a', rank);
    expect(labels.rankOf('/w/a')).toBe(3);
    labels.close();
  });

  it('take any name for what it is', () => {
    const labels = createCarriedLabels(file());
    const names = ["/w/'; DROP TABLE carried_label; --", '/w/é', '/w/e\u0301', 'db:main/orders', '/w/a%'];
    names.forEach((name, index) => labels.raise(name, index + 1));
    expect(names.map((name) => labels.rankOf(name))).toEqual([1, 2, 3, 4, 5]);
    labels.close();
  });

  it('are an error where the file is no database, and not an answer', () => {
    createCarriedLabels(file()).raise('/w/b', 1);
    writeFileSync(file(), 'not a database, and longer than a header of one has to be'.repeat(20));
    rmSync(`${file()}-wal`, { force: true });
    rmSync(`${file()}-shm`, { force: true });
    const labels = createCarriedLabels(file());
    expect(() => labels.rankOf('/w/a')).toThrow();
    expect(() => labels.raise('/w/a', 1)).toThrow();
    expect(existsSync(file())).toBe(true);
  });
});
