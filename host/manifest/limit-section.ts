import { z } from 'zod';
import { LIMIT_TABLE, limitsOf, type LimitDimension, type LimitKey, type RunLimits } from '../contracts/limits.ts';
import { durationSchema, parseQuantity, sizeSchema } from './quantity.ts';

/** The section `limits` as it is written. */
export type RawLimits = { readonly [key in LimitKey]?: number | string | undefined };

const SIZE_UNITS = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;
const SCHEMAS = { duration: durationSchema, size: sizeSchema, count: z.number() } as const;

/** The section `limits`, of the host and of one agent. */
export const limitsSchema: z.ZodType<RawLimits, RawLimits> = z
  .strictObject(
    Object.fromEntries(
      LIMIT_TABLE.map(({ key, dimension, standard, doc }) => [
        key,
        SCHEMAS[dimension]
          .optional()
          .describe(`${doc} ${standard === undefined ? 'Not counted' : written(standard, dimension)} without it.`),
      ]),
    ),
  )
  .describe('What a run may use. Of host and agent, the lower limit holds.');

/** The limits that `raw` sets, over those of `base`. `problem` gets the key and what is wrong with its value. */
export function resolveLimits(
  raw: RawLimits,
  base: RunLimits,
  problem: (key: string, message: string) => void,
): RunLimits {
  const limits: { -readonly [name in keyof RunLimits]: RunLimits[name] } = { ...base };
  for (const { key, name, dimension, least, most } of LIMIT_TABLE) {
    const value = raw[key];
    if (value === undefined) continue;
    const amount = dimension === 'count' ? count(value) : parseQuantity(value, dimension);
    if (typeof amount === 'string') problem(key, amount);
    else if (amount < least) problem(key, `\`${value}\` is too little: the least is ${least}`);
    else if (amount > most) problem(key, `\`${value}\` is too much: the most is ${most}`);
    else limits[name] = amount;
  }
  return Object.freeze(limits);
}

/** Of two sets of limits, the lower of each. */
export const lowerLimits = (one: RunLimits, other: RunLimits): RunLimits =>
  Object.freeze(
    limitsOf(({ name }) => {
      const lower = Math.min(one[name] ?? Infinity, other[name] ?? Infinity);
      return lower === Infinity ? undefined : lower;
    }),
  );

const count = (value: number | string): number | string =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 'expected a whole number';

/** A default as one would write it. */
function written(amount: number, dimension: LimitDimension): string {
  if (dimension === 'count') return String(amount);
  if (dimension === 'duration') return amount % 1000 === 0 ? `${amount / 1000}s` : `${amount}ms`;
  const [unit, size] = SIZE_UNITS.find(([, bytes]) => amount >= bytes && amount % bytes === 0) ?? ['B', 1];
  return `${amount / size}${unit}`;
}
