import { hash } from 'node:crypto';
import type { Random } from '../contracts/powers.ts';

const DOMAIN = Buffer.from('sallyport wasi:random\0');

/** Bytes that follow from a seed: SHA-256 of a name, a counter (64 bits, little-endian) and the seed, block by block. */
export function createSeededRandom(seed: Uint8Array): Random {
  const input = Buffer.concat([DOMAIN, Buffer.alloc(8), seed]);
  let counter = 0n;
  let block: Buffer = Buffer.alloc(0);

  function next(): Buffer {
    input.writeBigUInt64LE(counter, DOMAIN.length);
    counter += 1n;
    return hash('sha256', input, 'buffer');
  }

  return Object.freeze({
    bytes(length: number): Uint8Array {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length;) {
        if (block.length === 0) block = next();
        const part = block.subarray(0, length - at);
        bytes.set(part, at);
        at += part.length;
        block = block.subarray(part.length);
      }
      return bytes;
    },
  });
}
