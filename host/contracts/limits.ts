/** What an amount is an amount of: milliseconds, bytes, or a number of things. */
export type LimitDimension = 'duration' | 'size' | 'count';

interface LimitRow {
  readonly name: string;
  /** The member of the section `limits` in the configuration. */
  readonly key: string;
  readonly dimension: LimitDimension;
  /** What holds where nothing is configured. */
  readonly standard: number | undefined;
  readonly least: number;
  readonly most: number;
  readonly doc: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 24 * 3_600_000;

/**
 * Every limit of a run: the schema of the configuration, the defaults and what a cell may say about its end follow from
 * these rows. A page of memory is the least that a component can have; 4 GiB is what 32 bits can address.
 */
export const LIMIT_TABLE = [
  { name: 'wallMs', key: 'wall', dimension: 'duration', standard: 60_000, least: 1, most: DAY_MS, doc: 'From start to end, waiting included.' }, // prettier-ignore
  { name: 'cpuMs', key: 'cpu', dimension: 'duration', standard: 30_000, least: 1, most: DAY_MS, doc: 'CPU time of the cell.' }, // prettier-ignore
  { name: 'memoryBytes', key: 'memory', dimension: 'size', standard: 256 * MIB, least: 64 * KIB, most: 4096 * MIB, doc: 'Linear memory of the component, all instances together.' }, // prettier-ignore
  { name: 'tableEntries', key: 'tableEntries', dimension: 'count', standard: 400_000, least: 0, most: 10_000_000, doc: 'Entries of all tables of the component together; one costs 8 to 32 bytes of the memory of the host.' }, // prettier-ignore
  { name: 'heapBytes', key: 'heap', dimension: 'size', standard: 256 * MIB, least: 32 * MIB, most: 4096 * MIB, doc: 'Memory of the host behind one run: the JavaScript heap of its cell, gates and policy included, and as much again of buffers outside that heap.' }, // prettier-ignore
  { name: 'stackBytes', key: 'stack', dimension: 'size', standard: 4 * MIB, least: MIB, most: 64 * MIB, doc: 'Stack of the cell: how deep the agent recurses.' }, // prettier-ignore
  { name: 'handles', key: 'handles', dimension: 'count', standard: 4096, least: 0, most: 1_000_000, doc: 'Handles that are open at one time, of all kinds together.' }, // prettier-ignore
  { name: 'pollables', key: 'pollables', dimension: 'count', standard: 1024, least: 0, most: 1_000_000, doc: 'Pollables that are alive at one time: things that the agent can wait for.' }, // prettier-ignore
  { name: 'hostCalls', key: 'hostCalls', dimension: 'count', standard: 10_000, least: 0, most: 1_000_000_000, doc: 'Calls from the agent to the host.' }, // prettier-ignore
  { name: 'callBytes', key: 'callBytes', dimension: 'size', standard: 16 * MIB, least: KIB, most: 1024 * MIB, doc: 'Bytes that one call may carry, either way.' }, // prettier-ignore
  { name: 'bytesIn', key: 'bytesIn', dimension: 'size', standard: 1024 * MIB, least: 0, most: 1024 * 1024 * MIB, doc: 'Bytes that all calls together carry into the agent.' }, // prettier-ignore
  { name: 'bytesOut', key: 'bytesOut', dimension: 'size', standard: 1024 * MIB, least: 0, most: 1024 * 1024 * MIB, doc: 'Bytes that all calls together carry out of the agent.' }, // prettier-ignore
  { name: 'outputBytes', key: 'outputBytes', dimension: 'size', standard: MIB, least: 0, most: 1024 * MIB, doc: 'Bytes of standard output and error together. What fits is kept.' }, // prettier-ignore
  { name: 'logBytes', key: 'logBytes', dimension: 'size', standard: 256 * KIB, least: 0, most: 1024 * MIB, doc: 'Bytes of log lines.' }, // prettier-ignore
  { name: 'randomBytes', key: 'randomBytes', dimension: 'size', standard: 16 * MIB, least: 0, most: 1024 * MIB, doc: 'Random bytes.' }, // prettier-ignore
  { name: 'fuel', key: 'fuel', dimension: 'count', standard: undefined, least: 1, most: 1e15, doc: 'Instructions of the component, counted exactly: the same run ends at the same place. It runs slower then.' }, // prettier-ignore
] as const satisfies readonly LimitRow[];

export type LimitName = (typeof LIMIT_TABLE)[number]['name'];
export type LimitKey = (typeof LIMIT_TABLE)[number]['key'];

/** The limits of one run, in milliseconds, bytes and numbers. Of host and agent, the lower wins. */
export type RunLimits = { readonly [name in Exclude<LimitName, 'fuel'>]: number } & { readonly fuel?: number };

/** The limit of that name, for a name that somebody else gives. */
export const limitNamed = (name: unknown): LimitName | undefined => LIMIT_TABLE.find((row) => row.name === name)?.name;

/** The limits where nothing is configured. */
export const DEFAULT_LIMITS: RunLimits = Object.freeze(limitsOf((row) => row.standard));

/** A set of limits with the amount that each row gets; one that gets none does not hold. */
export function limitsOf(amount: (row: (typeof LIMIT_TABLE)[number]) => number | undefined): RunLimits {
  const amounts = LIMIT_TABLE.map((row) => [row.name, amount(row)] as const);
  // Every name has a row, and every row a name; all but `fuel` have an amount.
  return Object.fromEntries(amounts.filter(([, given]) => given !== undefined)) as RunLimits;
}
