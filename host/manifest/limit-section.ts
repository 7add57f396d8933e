import { z } from 'zod';
import type { LimitName, RunLimits } from '../contracts/limits.ts';
import { durationSchema, parseQuantity, sizeSchema, type Dimension } from './quantity.ts';

/** The section `limits`, of the host and of one agent. */
export const limitsSchema = z
  .strictObject({
    wall: durationSchema.optional().describe('From start to end, waiting included. 60s without it.'),
    cpu: durationSchema.optional().describe('CPU time of the cell. 30s without it.'),
    memory: sizeSchema
      .optional()
      .describe('Linear memory of the component, all instances together. 256MiB without it.'),
    hostCalls: z.number().optional().describe('Calls from the agent to the host. 10000 without it.'),
    callBytes: sizeSchema.optional().describe('Bytes that one call may carry, either way. 16MiB without it.'),
    outputBytes: sizeSchema.optional().describe('Bytes of standard output and error together. 1MiB without it.'),
    fuel: z
      .number()
      .optional()
      .describe('Instructions of the component, counted exactly; it runs slower then. Not counted without it.'),
    logBytes: sizeSchema.optional().describe('Bytes of log lines. 256KiB without it.'),
  })
  .describe('What a run may use. Of host and agent, the lower limit holds.');
export type RawLimits = z.output<typeof limitsSchema>;

const MIB = 1024 * 1024;

/** The limits where nothing is configured. */
export const DEFAULT_LIMITS: RunLimits = Object.freeze({
  wallMs: 60_000,
  cpuMs: 30_000,
  memoryBytes: 256 * MIB,
  hostCalls: 10_000,
  callBytes: 16 * MIB,
  outputBytes: MIB,
  logBytes: MIB / 4,
});

type MutableLimits = { -readonly [Name in keyof RunLimits]: RunLimits[Name] };

interface LimitRow {
  readonly key: keyof RawLimits;
  readonly name: LimitName;
  readonly dimension: Dimension | 'count';
  readonly least: number;
  readonly most: number;
}

const DAY_MS = 24 * 3_600_000;
/** What can be configured. A page of memory is the least that a component can have; 4 GiB is what 32 bits can address. */
const ROWS: readonly LimitRow[] = [
  { key: 'wall', name: 'wallMs', dimension: 'duration', least: 1, most: DAY_MS },
  { key: 'cpu', name: 'cpuMs', dimension: 'duration', least: 1, most: DAY_MS },
  { key: 'memory', name: 'memoryBytes', dimension: 'size', least: 64 * 1024, most: 4096 * MIB },
  { key: 'hostCalls', name: 'hostCalls', dimension: 'count', least: 0, most: 1_000_000_000 },
  { key: 'callBytes', name: 'callBytes', dimension: 'size', least: 1024, most: 1024 * MIB },
  { key: 'outputBytes', name: 'outputBytes', dimension: 'size', least: 0, most: 1024 * MIB },
  { key: 'fuel', name: 'fuel', dimension: 'count', least: 1, most: 1e15 },
  { key: 'logBytes', name: 'logBytes', dimension: 'size', least: 0, most: 1024 * MIB },
];

/** The limits that `raw` sets, over those of `base`. `problem` gets the key and what is wrong with its value. */
export function resolveLimits(
  raw: RawLimits,
  base: RunLimits,
  problem: (key: string, message: string) => void,
): RunLimits {
  const limits: MutableLimits = { ...base };
  for (const { key, name, dimension, least, most } of ROWS) {
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
export function lowerLimits(one: RunLimits, other: RunLimits): RunLimits {
  const limits: MutableLimits = { ...one };
  for (const { name } of ROWS) {
    const lower = Math.min(one[name] ?? Infinity, other[name] ?? Infinity);
    if (lower !== Infinity) limits[name] = lower;
  }
  return Object.freeze(limits);
}

const count = (value: number | string): number | string =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 'expected a whole number';
