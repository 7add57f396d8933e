import { z } from 'zod';

/** Durations and sizes as people write them: `30s`, `1.5m`, `64MB`, `256KiB`, or a plain number. */

/** What a quantity is a quantity of. */
export type Dimension = 'duration' | 'size';

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ...['k', 'M', 'G'].flatMap((prefix, index): [string, number][] => [
    [`${prefix}B`, 1000 ** (index + 1)],
    [`${prefix.toUpperCase()}iB`, 1024 ** (index + 1)],
    [`${prefix.toUpperCase()}i`, 1024 ** (index + 1)],
  ]),
  ['KB', 1000],
]);

const DURATION_TEXT = 'a duration such as `500ms`, `30s`, `2m`, or a number of milliseconds';
const SIZE_TEXT = 'a size such as `64MB`, `512KiB`, `1MiB`, or a number of bytes';

/** A duration in the configuration. `parseQuantity` makes milliseconds of it. */
export const durationSchema = quantitySchema(/^[0-9]+([.][0-9]+)? ?(ms|s|m|h)$/, DURATION_TEXT);

/** A size in the configuration. `parseQuantity` makes bytes of it. */
export const sizeSchema = quantitySchema(/^[0-9]+([.][0-9]+)? ?([kKMG]B|[KMG]i|[KMG]iB|B)$/, SIZE_TEXT);

function quantitySchema(form: RegExp, text: string): z.ZodUnion<readonly [z.ZodNumber, z.ZodString]> {
  const error = `expected ${text}`;
  return z.union([z.number({ error }), z.string().regex(form, { error })], { error });
}

/** Milliseconds or bytes. A string says what is wrong. */
export function parseQuantity(value: number | string, dimension: Dimension): number | string {
  const expected = `expected ${dimension === 'duration' ? DURATION_TEXT : SIZE_TEXT}`;
  const amount =
    typeof value === 'number' ? value : scaled(value, dimension === 'duration' ? DURATION_UNITS : SIZE_UNITS);
  if (amount === undefined || !Number.isFinite(amount) || amount < 0) return expected;
  const whole = Math.round(amount);
  // `0.1s` is 100 ms, which binary fractions do not hit exactly; `0.1ms` is nothing that can be kept.
  if (Math.abs(whole - amount) > 1e-6)
    return `expected a whole number of ${dimension === 'duration' ? 'milliseconds' : 'bytes'}`;
  return Number.isSafeInteger(whole) ? whole : expected;
}

function scaled(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, digits, unit] = /^([0-9]{1,15}(?:[.][0-9]{1,6})?) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
  const factor = units.get(unit ?? '');
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
