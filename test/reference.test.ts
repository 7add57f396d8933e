import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REFERENCES } from '../scripts/reference.ts';

describe.for(REFERENCES)('$path', ({ path, make }) => {
  it('is what the code says (node scripts/write-reference.ts)', () => {
    const file = join(import.meta.dirname, '..', path);
    const current = readFileSync(file, 'utf8');
    expect(current).toBe(make(() => current));
  });
});
