import type { Json } from '../../contracts/request.ts';
import type { SqlValue } from './engine.ts';

/** The variant `value` of `sallyport:agent/db`. */
export type WitValue =
  | { readonly tag: 'null' }
  | { readonly tag: 'integer'; readonly val: bigint }
  | { readonly tag: 'real'; readonly val: number }
  | { readonly tag: 'text'; readonly val: string }
  | { readonly tag: 'blob'; readonly val: Uint8Array };

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** A parameter for the engine, or `undefined` for what no database keeps as it is: NaN would become NULL. */
export function fromWit(value: WitValue): SqlValue | undefined {
  switch (value.tag) {
    case 'null':
      return null;
    case 'integer':
      return typeof value.val === 'bigint' && value.val >= MIN && value.val <= MAX ? value.val : undefined;
    case 'real':
      return typeof value.val === 'number' && !Number.isNaN(value.val) ? value.val : undefined;
    case 'text':
      return typeof value.val === 'string' && value.val.isWellFormed() ? value.val : undefined;
    case 'blob':
      return value.val instanceof Uint8Array ? value.val : undefined;
    default:
      return undefined;
  }
}

/** A value of a row, for the guest. */
export function toWit(value: SqlValue): WitValue {
  if (value === null) return { tag: 'null' };
  if (typeof value === 'bigint') return { tag: 'integer', val: value };
  if (typeof value === 'number') return { tag: 'real', val: value };
  return typeof value === 'string' ? { tag: 'text', val: value } : { tag: 'blob', val: value };
}

/** What a value weighs: its content, and at least a word. */
export function weightOf(value: SqlValue): number {
  if (typeof value === 'string') return Math.max(8, Buffer.byteLength(value));
  return value instanceof Uint8Array ? Math.max(8, value.byteLength) : 8;
}

/** A parameter as a record shows it where the policy asks for the payload. */
export function toJson(value: SqlValue): Json {
  if (typeof value === 'bigint') return { integer: String(value) };
  if (typeof value === 'number') return Number.isFinite(value) ? value : { real: String(value) };
  return value instanceof Uint8Array ? { blob: Buffer.from(value).toString('base64') } : value;
}
