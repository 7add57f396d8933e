import { describe, expect, it } from 'vitest';
import type { Result } from '../../bench/measurement.ts';
import { publishedSchema } from './schema-fixture.ts';

const errorsOf = publishedSchema('benchmark');
const RESULT: Result = {
  name: 'operations',
  machine: { cpus: 2, model: 'a processor', memoryBytes: 8e9, platform: 'linux-x64', node: 'v26.10.0' },
  rows: [
    { operation: 'fs read', way: 'rust guest', p50_us: 41.2, p99_us: 80, ratio: 1.2, over_us: 8, baseline: { p50_us: 33, p99_us: 70 } },
    { rules: 10, p50_us: 0.5, p99_us: 1 },
  ],
};

describe('the schema of a benchmark', () => {
  it('holds for rows with any parameters', () => {
    expect(errorsOf(RESULT)).toEqual([]);
  });

  it.each([
    ['no rows', { ...RESULT, rows: [] }],
    ['a row without its tail', { ...RESULT, rows: [{ p50_us: 1 }] }],
    ['a time that is no number', { ...RESULT, rows: [{ p50_us: null, p99_us: 1 }] }],
    ['no machine', { name: 'x', rows: RESULT.rows }],
  ])('does not hold for %s', (_name, value) => {
    expect(errorsOf(value)).not.toEqual([]);
  });
});
