import { isRecord } from './tool-schema.ts';

/** Digits behind the point, as far as anybody counts money. */
const DIGITS = 12;

/** What a tool's JSON says at a path of names with dots; nothing where there is no number, and no text. */
export function reportedCost(json: string, path: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  for (const name of path.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  if (typeof value === 'number') return value.toFixed(DIGITS);
  return typeof value === 'string' ? value : undefined;
}
