/** What a value is used for: each has its own idea of what it can carry. */
export type ValueUse = 'http' | 'database' | 'tool';

/** Shorter ones cannot be masked: they stand in ordinary texts, and the mark would tell where. */
export const LEAST_VALUE_BYTES = 8;
export const MOST_VALUE_BYTES = 4096;

const VISIBLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/; // RFC 9110, section 5.5: no space around it

/** Why a value cannot be used; `undefined` if it can. The text holds nothing of it but its size. */
export function valueProblem(value: string, uses: ReadonlySet<ValueUse>): string | undefined {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) return 'is empty';
  if (bytes < LEAST_VALUE_BYTES)
    return `has fewer than ${LEAST_VALUE_BYTES} bytes: so short a value cannot be told from other text when it comes back`;
  if (bytes > MOST_VALUE_BYTES) return `has more than ${MOST_VALUE_BYTES} bytes`;
  if (isMonotonous(value)) return 'is one character again and again: it cannot be told from other text';
  if (value.includes('\0')) return 'holds a zero byte';
  if (uses.has('http') && /[\r\n]/.test(value)) return 'holds a line break, which no header can carry';
  if (uses.has('http') && !VISIBLE.test(value))
    return 'holds a character outside of printable ASCII, or space around it, which no header can carry';
  if (uses.has('database') && /[\r\n]/.test(value)) return 'holds a line break, which no password can carry';
  return undefined;
}

const isMonotonous = (value: string): boolean => new Set(value).size === 1;
