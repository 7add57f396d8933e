import type { Json } from '../contracts/request.ts';

/**
 * Canonical JSON (JCS, RFC 8785): members sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript serialises them. Throws a `TypeError` for what I-JSON (RFC 7493) cannot hold: lone surrogates, numbers
 * that are not finite, and anything that is not plain data.
 */
export function canonicalJson(value: Json): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      return canonicalNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return isList(value) ? canonicalList(value) : canonicalObject(value);
    default:
      throw new TypeError(`canonical JSON has no \`${typeof value}\``);
  }
}

/** One string as canonical JSON. */
export function canonicalString(text: string): string {
  // Most strings of a record need no escape, and the test is cheaper than the serialiser.
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('canonical JSON has no lone surrogates');
  return JSON.stringify(text);
}

/** One number as canonical JSON. */
export function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no \`${value}\``);
  return value === 0 ? '0' : String(value);
}

const PLAIN = /^[ !#-[\]-~]*$/;

const isList = (value: object): value is readonly Json[] => Array.isArray(value);

function canonicalList(list: readonly Json[]): string {
  let text = '';
  for (const item of list) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
  return `[${text}]`;
}

function canonicalObject(value: { readonly [key: string]: Json | undefined }): string {
  // A `Map` or another instance has no own keys: it would pass as `{}`, and two different values would get one digest.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('canonical JSON holds plain data only');
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${canonicalString(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
