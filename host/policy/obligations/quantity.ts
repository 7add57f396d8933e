import { CellError } from '../cell-error.ts';

/** Milliseconds of the units that spans and windows are written in. */
const SPAN_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
/** The longest span that a timer can hold. */
const MAX_SPAN_MS = 2_147_483_647;

/** Powers of 1000, as everywhere in the policy. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KB', 1_000],
  ['MB', 1_000_000],
  ['GB', 1_000_000_000],
]);

/** A whole number that counts exactly. */
export function readCount(text: string, offset: number): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count)) throw new CellError(offset, `\`${text}\` is too large`);
  return count;
}

/** `30s`, in milliseconds. */
export function readSpan(text: string, offset: number): number {
  const ms = Number(text.slice(0, -1)) * (SPAN_MS.get(text.slice(-1)) ?? Number.NaN);
  if (!(ms <= MAX_SPAN_MS)) throw new CellError(offset, `\`${text}\` is too long; the longest is \`24d\``);
  return ms;
}

/** `s`, `m`, `h` or `d`: the length of a window, in milliseconds. */
export const readPeriod = (unit: string): number => SPAN_MS.get(unit) ?? Number.NaN;

/** `20MB`, in bytes. */
export function readSize(text: string, offset: number): number {
  const [, digits = '', unit = ''] = /^(\d+)(\w+)$/.exec(text) ?? [];
  const bytes = Number(digits) * (SIZES.get(unit) ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw new CellError(offset, `\`${text}\` is too large`);
  return bytes;
}

/** `5.00`, in millionths. */
export function readMoney(text: string, offset: number): number {
  const [whole = '', part = ''] = text.split('.');
  if (part.length > 6) throw new CellError(offset, `\`${text}\` is finer than a millionth`);
  const millionths = Number(whole + part.padEnd(6, '0'));
  if (!Number.isSafeInteger(millionths)) throw new CellError(offset, `\`${text}\` is too large`);
  if (millionths === 0) throw new CellError(offset, 'a budget of nothing is a deny row');
  return millionths;
}
