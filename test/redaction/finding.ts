import { BUILT_IN } from '../../host/redaction/builtin.ts';
import { maskAll } from '../../host/redaction/mask-stream.ts';
import { createScanner } from '../../host/redaction/scanner.ts';

const scanners = new Map([...BUILT_IN.map((one) => [one.name, createScanner([one])] as const)]);
export const everything = createScanner(BUILT_IN);

/** The text with what one detector, or all of them, find in it. */
export function found(text: string, name?: string): string {
  const scanner = name === undefined ? everything : scanners.get(name);
  if (scanner === undefined) throw new Error(`no detector ${String(name)}`);
  return Buffer.from(maskAll(scanner, Buffer.from(text)).bytes).toString();
}
