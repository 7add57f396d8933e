import { hash } from 'node:crypto';
import type { Json } from '../contracts/request.ts';
import { canonicalNumber, canonicalString } from './canonical-json.ts';

/**
 * Canonical JSON with bounds, for records. Whatever a guest chose, the text is well-formed, no value in it is longer
 * than a field may be, and nothing is lost without a digest and a length in its place.
 */

/** The most bytes of one value, in UTF-8. */
export const FIELD_BYTES = 1024;
/** The deepest nesting of free data. */
export const FREE_DEPTH = 16;

/** What stands for a value that is too long: its length in bytes and its digest. */
export function digestText(text: string): string {
  return `{"bytes":${Buffer.byteLength(text)},"digest":"${sha256(text)}"}`;
}

/** A text of fixed meaning. Too long: its beginning and `…(N bytes, sha256:HEX)`. */
export function fixedText(text: string): string {
  if (surelyFits(text)) return canonicalString(text);
  return canonicalString(cut(text.toWellFormed()));
}

/** A list of texts of fixed meaning. Where `tight`, as many as fit a field and `…(N more, sha256:HEX of all)`. */
export function fixedTexts(list: readonly string[], tight: boolean): string {
  return boundedList(list.map(fixedText), tight, (more, digest) => canonicalString(`…(${more} more, ${digest})`));
}

/** Joins items. Where `tight`, only as many as fit a field; `rest` makes the item that stands for the others. */
export function boundedList(
  items: readonly string[],
  tight: boolean,
  rest: (more: number, digest: string) => string,
): string {
  const whole = `[${items.join(',')}]`;
  if (!tight || Buffer.byteLength(whole) <= FIELD_BYTES) return whole;
  const kept: string[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += Buffer.byteLength(item) + 1;
    if (bytes > FIELD_BYTES) break;
    kept.push(item);
  }
  return `[${[...kept, rest(items.length - kept.length, sha256(whole))].join(',')}]`;
}

/** Data whose shape a gate or a guest chose. Too long a text: its digest. Too deep: `…(deeper than N levels)`. */
export function freeJson(value: Json, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return freeText(value);
    case 'number':
      // I-JSON (RFC 7493): integers beyond 2^53 - 1 are not the same everywhere, so they are written as text.
      return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
        ? canonicalNumber(value)
        : canonicalString(String(value));
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= FREE_DEPTH) return canonicalString(`…(deeper than ${FREE_DEPTH} levels)`);
      return isList(value) ? `[${value.map((item) => freeJson(item, depth + 1)).join(',')}]` : freeObject(value, depth);
    default:
      throw new TypeError(`a record has no \`${typeof value}\``);
  }
}

const isList = (value: object): value is readonly Json[] => Array.isArray(value);

function freeText(text: string): string {
  if (surelyFits(text)) return canonicalString(text);
  const whole = text.toWellFormed();
  return Buffer.byteLength(whole) <= FIELD_BYTES ? canonicalString(whole) : digestText(whole);
}

function freeObject(value: { readonly [key: string]: Json | undefined }, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('a record holds plain data only');
  const keys = Object.keys(value);
  if (!keys.every(surelyFits)) return oddObject(value, keys, depth);
  let text = '';
  for (const key of keys.sort()) {
    const member = value[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${canonicalString(key)}:${freeJson(member, depth + 1)}`;
  }
  return `{${text}}`;
}

/** An object with names that must be mended first. Two of them may become one: the later gets a number. */
function oddObject(
  value: { readonly [key: string]: Json | undefined },
  keys: readonly string[],
  depth: number,
): string {
  const members = new Map<string, string>();
  for (const key of keys) {
    const member = value[key];
    if (member === undefined) continue;
    const mended = cut(key.toWellFormed());
    let name = mended;
    for (let number = 2; members.has(name); number += 1) name = `${mended}~${number}`;
    members.set(name, freeJson(member, depth + 1));
  }
  const sorted = [...members.keys()].sort();
  return `{${sorted.map((name) => `${canonicalString(name)}:${members.get(name) ?? 'null'}`).join(',')}}`;
}

/** UTF-8 takes at most three bytes for one UTF-16 unit. */
const surelyFits = (text: string): boolean => text.length <= FIELD_BYTES / 3 && text.isWellFormed();

function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= FIELD_BYTES) return text;
  const marker = `…(${bytes.length} bytes, ${sha256(text)})`;
  const room = bytes.subarray(0, FIELD_BYTES - Buffer.byteLength(marker));
  // As a stream the decoder holds back a character that was cut in two.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(room, { stream: true }) + marker;
}

const sha256 = (text: string): string => `sha256:${hash('sha256', text, 'hex')}`;
