import { randomBytes } from 'node:crypto';
import type { Random } from '../contracts/powers.ts';

/** The random bytes of this machine. */
export function createRandom(): Random {
  return Object.freeze({ bytes: (length: number) => new Uint8Array(randomBytes(length)) });
}
