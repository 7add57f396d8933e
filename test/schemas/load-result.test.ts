import { describe, expect, it } from 'vitest';
import { RUN_STATUSES } from '../../host/index.ts';
import type { LoadResult } from '../../src/cli/load-test.ts';
import { publishedSchema } from './schema-fixture.ts';

const errorsOf = publishedSchema('load-result');

const ENDED: LoadResult = {
  count: 3,
  parallel: 2,
  ended: 3,
  interrupted: false,
  statuses: { ok: 2, 'agent-error': 0, denied: 0, limit: 1, invalid: 0, 'host-fault': 0 },
  errors: { 'limit:wallMs': 1 },
  decisions: { allow: 2, deny: 1, pending: 0 },
  wallMs: { p50: 1.5, p99: 2, max: 2 },
  seconds: 0.5,
  runsPerSecond: 6,
  warmCells: 2,
};

describe('the schema of a load test', () => {
  it('holds for a test that went well, and for one in which nothing ran', () => {
    expect(errorsOf(ENDED)).toEqual([]);
    expect(errorsOf({ ...ENDED, ended: 0, interrupted: true, errors: {}, wallMs: null })).toEqual([]);
  });

  it.each(Object.keys(ENDED))('needs `%s`', (key) => {
    expect(errorsOf(Object.fromEntries(Object.entries(ENDED).filter(([name]) => name !== key)))).not.toEqual([]);
  });

  it.each(RUN_STATUSES)('counts the status `%s`', (status) => {
    const others = Object.entries(ENDED.statuses).filter(([name]) => name !== status);
    expect(errorsOf({ ...ENDED, statuses: Object.fromEntries(others) })).not.toEqual([]);
  });

  it('has no other members', () => {
    expect(errorsOf({ ...ENDED, extra: 1 })).not.toEqual([]);
  });
});
