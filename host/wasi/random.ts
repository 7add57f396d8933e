import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import type { Random } from '../contracts/powers.ts';

/** The most bytes that one call may ask for: as many as Web Cryptography gives. */
const MAX_BYTES = 65_536n;

/** `wasi:random`: the injected source behind all three interfaces. Even "insecure" bytes are strong. */
export function createRandom(random: Random, trap: (message: string) => never): HostImports {
  const bytes = (length: bigint): Uint8Array =>
    length > MAX_BYTES ? trap('more random bytes than one call may ask for') : random.bytes(Number(length));
  const u64 = (): bigint => {
    const eight = random.bytes(8);
    return new DataView(eight.buffer, eight.byteOffset, 8).getBigUint64(0, true);
  };
  return new Map([
    ['wasi:random/random', sealInterface({ getRandomBytes: bytes, getRandomU64: u64 })],
    ['wasi:random/insecure', sealInterface({ getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 })],
    ['wasi:random/insecure-seed', sealInterface({ insecureSeed: (): [bigint, bigint] => [u64(), u64()] })],
  ]);
}
