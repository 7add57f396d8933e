import type { FunctionEnd } from '../gates/tool-exec/tool-supervisor.ts';

/** The deepest nesting of a result; it also ends what leads back to itself. */
const DEPTH = 64;

class TooLarge extends Error {}
class NotJson extends Error {}

/**
 * What a function returned, as text: a text as it is, nothing as an empty one, anything else as JSON. It is written
 * member by member and stops at the bound, so that no value, however large, is written whole. Never throws.
 */
export function resultText(value: unknown, mostBytes: number): FunctionEnd {
  try {
    if (value === undefined) return { status: 'returned', form: 'text', text: '' };
    if (typeof value !== 'string') {
      const text = jsonWithin(value, mostBytes);
      return { status: 'returned', form: 'json', text };
    }
    if (value.length > mostBytes || Buffer.byteLength(value) > mostBytes) return { status: 'too-large' };
    return { status: 'returned', form: 'text', text: value.toWellFormed() };
  } catch (error) {
    // Members may be getters, and the value a proxy: whatever they throw, it is not JSON.
    return error instanceof TooLarge ? { status: 'too-large' } : { status: 'failed', code: 'not-json' };
  }
}

function jsonWithin(value: unknown, mostBytes: number): string {
  const parts: string[] = [];
  let left = mostBytes;
  const put = (text: string): void => {
    left -= Buffer.byteLength(text);
    if (left < 0) throw new TooLarge();
    parts.push(text);
  };
  const write = (item: unknown, depth: number): void => {
    if (depth > DEPTH) throw new NotJson();
    if (typeof item === 'string' && item.length > left) throw new TooLarge();
    const scalar = scalarText(item);
    if (scalar !== undefined) put(scalar);
    else if (Array.isArray(item)) writeList(item, depth);
    else writeObject(item, depth);
  };
  const writeList = (items: readonly unknown[], depth: number): void => {
    put('[');
    for (let index = 0; index < items.length; index++) {
      if (index > 0) put(',');
      write(items[index], depth + 1);
    }
    put(']');
  };
  const writeObject = (item: unknown, depth: number): void => {
    if (!isPlain(item)) throw new NotJson();
    put('{');
    let first = true;
    for (const name of Object.keys(item)) {
      const member = item[name];
      if (member === undefined) continue;
      put(`${first ? '' : ','}${JSON.stringify(name.toWellFormed())}:`);
      first = false;
      write(member, depth + 1);
    }
    put('}');
  };
  write(value, 0);
  return parts.join('');
}

/** The text of a scalar and of a date; nothing for a list and an object. Throws for what JSON cannot hold. */
function scalarText(item: unknown): string | undefined {
  switch (typeof item) {
    case 'string':
      return JSON.stringify(item.toWellFormed());
    case 'boolean':
      return String(item);
    case 'number':
      if (!Number.isFinite(item)) throw new NotJson();
      return JSON.stringify(item);
    case 'object':
      if (item === null) return 'null';
      return item instanceof Date ? JSON.stringify(item.toISOString()) : undefined;
    default:
      throw new NotJson();
  }
}

function isPlain(item: unknown): item is Readonly<Record<string, unknown>> {
  if (typeof item !== 'object' || item === null) return false;
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === null || prototype === Object.prototype;
}
