import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import type { Figures, Result } from '../../bench/measurement.ts';
import { detectToolchains } from '../../src/build/toolchains.ts';
import { publishedSchema } from './schema-fixture.ts';

const errorsOf = publishedSchema('benchmark');

/** What the benchmark of the operations needs besides Node. */
const { rust } = await detectToolchains();
const MISSING = !existsSync(join(import.meta.dirname, '..', '..', 'dist', 'host', 'index.js'))
  ? '(skipped: nothing is built, `npm run build` does)'
  : rust.available
    ? undefined
    : '(skipped: this machine builds no Rust guests)';
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

const root = join(import.meta.dirname, '..', '..');

/** Runs a benchmark with a few samples, as a reader of its JSON does. */
function printed(name: string): unknown {
  const file = join(root, 'bench', `${name}.ts`);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file, '--json', '--count', '2'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${String(status)}: ${stderr}`);
  expect(stdout).toMatch(/^[^\n]+\n$/);
  return JSON.parse(stdout);
}

describe('what a benchmark prints with --json', () => {
  it('of a decision has the published shape, with one row for each size and engine', () => {
    const result = printed('decision') as Result;
    expect(errorsOf(result)).toEqual([]);
    expect(result.rows.map(({ engine, rules }) => [engine, rules])).toEqual([
      ...[10, 100].map((rules) => ['casbin', rules]),
      ...[10, 100].map((rules) => ['compiled', rules]),
    ]);
    for (const { p50_us, ratio, baseline } of result.rows)
      expect(ratio).toBe(Number((p50_us / (baseline as Figures).p50_us).toPrecision(3))); // `baseline` holds figures
  }, 120_000);

  it.skipIf(MISSING !== undefined)(`of the operations has the published shape, with a row for each way ${MISSING ?? ''}`, () => {
    const result = printed('operations') as Result;
    expect(errorsOf(result)).toEqual([]);
    const ways = new Set(result.rows.map(({ way }) => way));
    for (const way of ['node', 'python', 'rust guest', 'js guest']) expect(ways).toContain(way);
  }, 600_000);

  it('is refused a number of samples that is none', () => {
    const file = join(root, 'bench', 'decision.ts');
    for (const count of ['0', 'x', '']) {
      const { status, stderr } = spawnSync(process.execPath, [file, '--json', '--count', count], { encoding: 'utf8' });
      expect(status).not.toBe(0);
      expect(stderr).toContain('`--count` takes a number from 1');
    }
  }, 60_000);
});
