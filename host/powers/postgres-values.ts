import type { SqlValue } from '../gates/db/engine.ts';

/** Turns a value as the server writes it into one of the gate's. */
export type Decoder = (text: string) => SqlValue;

/** Object ids of the built-in types that are not passed on as the text that the server writes; they never change. */
const TYPE = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, oid: 26, float4: 700, float8: 701 } as const;

const INTEGER: Decoder = (text) => BigInt(text);
const REAL: Decoder = (text) => Number(text);
const BOOLEAN: Decoder = (text) => (text === 't' ? 1n : 0n);
const BYTES: Decoder = (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));
/** `numeric`, dates and times, json, uuid, arrays and all others: exactly as the server writes them. */
const TEXT: Decoder = (text) => text;

const DECODERS: ReadonlyMap<number, Decoder> = new Map([
  [TYPE.bool, BOOLEAN],
  [TYPE.bytea, BYTES],
  [TYPE.int2, INTEGER],
  [TYPE.int4, INTEGER],
  [TYPE.int8, INTEGER],
  [TYPE.oid, INTEGER],
  [TYPE.float4, REAL],
  [TYPE.float8, REAL],
]);

export const decoderOf = (type: number): Decoder => DECODERS.get(type) ?? TEXT;

/** A parameter as it is sent: text, or bytes as they are. */
export type WireValue = string | Buffer | null;

/**
 * A parameter for a column of a type: bytes fit `bytea` and nothing else, everything else goes as text and is read by the
 * type itself. `undefined`: it does not fit.
 */
export function encode(value: SqlValue, type: number): WireValue | undefined {
  if (value === null) return null;
  if (value instanceof Uint8Array) return type === TYPE.bytea ? Buffer.from(value) : undefined;
  if (type === TYPE.bytea) return undefined;
  if (typeof value === 'string') return value.includes('\0') ? undefined : value;
  if (type === TYPE.bool) return value === 0n ? 'f' : value === 1n ? 't' : undefined;
  return String(value);
}
