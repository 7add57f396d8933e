import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationSchema, parseQuantity, sizeSchema } from '../../host/manifest/quantity.ts';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['30 s', 30_000],
    ['2m', 120_000],
    ['1.5m', 90_000],
    ['0.1s', 100],
    ['1h', 3_600_000],
    ['0s', 0],
    [250, 250],
  ])('%s is %d ms', (text, ms) => {
    expect(parseQuantity(text, 'duration')).toBe(ms);
    expect(durationSchema.safeParse(text).success).toBe(true);
  });

  it.each([
    '',
    's',
    '5',
    '5d',
    '-1s',
    '1e3s',
    '0x10s',
    ' 5s',
    '5s ',
    '5S',
    '1_000s',
    '٥s',
    '1..5s',
    '9'.repeat(400) + 's',
  ])('%j is none', (text) => {
    expect(typeof parseQuantity(text, 'duration')).toBe('string');
  });

  it('is whole milliseconds', () => {
    expect(parseQuantity('0.5ms', 'duration')).toBe('expected a whole number of milliseconds');
    expect(parseQuantity(1.5, 'duration')).toBe('expected a whole number of milliseconds');
    expect([NaN, Infinity, -1, 2 ** 60].map((value) => typeof parseQuantity(value, 'duration'))).toEqual(
      Array(4).fill('string'),
    );
  });
});

describe('a size', () => {
  it.each([
    ['10B', 10],
    ['64MB', 64e6],
    ['1kB', 1000],
    ['1KB', 1000],
    ['512Ki', 524_288],
    ['512KiB', 524_288],
    ['1MiB', 1_048_576],
    ['1.5 GiB', 1_610_612_736],
    ['2Gi', 2_147_483_648],
    [4096, 4096],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseQuantity(text, 'size')).toBe(bytes);
    expect(sizeSchema.safeParse(text).success).toBe(true);
  });

  it.each(['1M', '1mb', '1kiB', '1TB', '1MBB', '1 000B', '1b'])('%j is none', (text) => {
    expect(typeof parseQuantity(text, 'size')).toBe('string');
    expect(sizeSchema.safeParse(text).success).toBe(false);
  });
});

describe('any text', () => {
  it('is a quantity for the parser only if the schema takes it', () => {
    const near = fc.stringMatching(/^[0-9]{0,4}([.][0-9]{0,3})? ?[a-zA-Z]{0,3}$/);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        for (const [schema, dimension] of [
          [durationSchema, 'duration'],
          [sizeSchema, 'size'],
        ] as const) {
          // prettier-ignore
          if (typeof parseQuantity(text, dimension) === 'number') expect(schema.safeParse(text).success).toBe(true);
        }
      }),
    );
  });
});
