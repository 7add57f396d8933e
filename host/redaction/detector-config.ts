import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../contracts/gate-config.ts';
import { resolve } from 'node:path';
import { BUILT_IN_NAMES } from './builtin.ts';

/** One detector of the configuration, checked. Plain data. */
export interface OwnDetector {
  /** Texts that are masked wherever they stand. */
  readonly values: readonly string[];
  /** A file with more of them, one a line; absolute. */
  readonly valuesFrom: string | undefined;
  /** `TABLE.COLUMN` or `COLUMN`, in small letters. */
  readonly columns: readonly string[];
  /** Names of JSON members, form fields and header fields, in small letters. */
  readonly fields: readonly string[];
}

/** The detectors of the configuration, by name. */
export type DetectorConfig = ReadonlyMap<string, OwnDetector>;

/** Shorter values would mask every text. */
const SHORTEST_VALUE = 4;
const LONGEST_VALUE = 4096;
const NAME = /^[a-z][a-z0-9.-]{0,63}$/;

const ownDetector = z.strictObject({
  values: z
    .array(z.string())
    .optional()
    .describe('Texts that are masked wherever they stand, exactly as they are written; 4 bytes to 4 KiB each.'),
  valuesFrom: z.string().optional().describe('A file with such texts, one a line.'),
  columns: z
    .array(z.string())
    .optional()
    .describe('Database columns whose values are masked: `TABLE.COLUMN`, or `COLUMN` in any table.'),
  fields: z
    .array(z.string())
    .optional()
    .describe('Members of JSON objects, form fields and header fields whose values are masked, in either case.'),
});

type RawDetector = z.infer<typeof ownDetector>;
type RawDetectors = Readonly<Record<string, RawDetector>>;

const schema = z
  .record(z.string(), ownDetector)
  .describe(`What \`redact=NAME\` finds, besides ${BUILT_IN_NAMES.map((name) => `\`${name}\``).join(', ')}.`);

/** The part `detectors` of `sallyport.yaml`. */
export const detectorConfig: GateConfig<RawDetectors, DetectorConfig> = {
  key: 'detectors',
  schema,
  absent: {},
  resolve(raw, context) {
    return new Map(Object.entries(raw).map(([name, detector]) => [name, resolveOne(name, detector, context)]));
  },
};

function resolveOne(name: string, raw: RawDetector, context: ResolveContext): OwnDetector {
  const problem = (field: string | undefined, message: string): void =>
    context.problem(field === undefined ? [name] : [name, field], message);
  if (!NAME.test(name)) problem(undefined, 'a detector is named by small letters, digits, `.` and `-`');
  if (BUILT_IN_NAMES.includes(name) || RESERVED.includes(name)) problem(undefined, `\`${name}\` is built in`);
  if (Object.values(raw).every((value) => value === undefined || value.length === 0))
    problem(undefined, 'finds nothing: give `values`, `valuesFrom`, `columns` or `fields`');
  for (const value of raw.values ?? []) {
    const why = valueProblem(value);
    if (why !== undefined) problem('values', why);
  }
  const valuesFrom = raw.valuesFrom === undefined ? undefined : resolve(context.directory, raw.valuesFrom);
  if (valuesFrom !== undefined && !(context.probe.kind(valuesFrom) === 'file' && context.probe.readable(valuesFrom)))
    problem('valuesFrom', 'is not a file that can be read');
  for (const column of raw.columns ?? [])
    if (!/^[^.\s]+(?:\.[^.\s]+)?$/.test(column))
      problem('columns', `\`${column}\` is not \`TABLE.COLUMN\` or \`COLUMN\``);
  for (const field of raw.fields ?? []) if (field === '') problem('fields', 'a field has a name');
  return {
    values: raw.values ?? [],
    valuesFrom,
    columns: (raw.columns ?? []).map((column) => column.toLowerCase()),
    fields: (raw.fields ?? []).map((field) => field.toLowerCase()),
  };
}

/** Names under which the host itself counts. */
const RESERVED: readonly string[] = ['binary', 'too-large'];

/** Why something is no value to look for; `undefined` if it is one. The text does not show it. */
export function valueProblem(value: string): string | undefined {
  const bytes = Buffer.byteLength(value);
  if (bytes < SHORTEST_VALUE) return `a value is shorter than ${SHORTEST_VALUE} bytes: it would be found everywhere`;
  if (bytes > LONGEST_VALUE) return `a value is longer than ${LONGEST_VALUE} bytes`;
  return value.includes('\0') ? 'a value has a NUL' : undefined;
}

/** The values in the text of a `valuesFrom` file: one a line, blank lines and a byte order mark apart. */
export function readValues(text: string): { readonly values: readonly string[]; readonly problem?: string } {
  const values = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '');
  for (const [index, value] of values.entries()) {
    const why = valueProblem(value);
    if (why !== undefined) return { values: [], problem: `value ${index + 1}: ${why}` };
  }
  return { values };
}
