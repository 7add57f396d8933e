import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import type { Random } from '../contracts/powers.ts';
import { RunStop } from '../contracts/run-stop.ts';

/** The most bytes that one call may ask for: as many as Web Cryptography gives. */
const MAX_BYTES = 65_536n;

export interface RandomOptions {
  readonly random: Random;
  /** The most bytes of a run. */
  readonly randomBytes: number;
  readonly trap: (message: string) => never;
}

/** `wasi:random`: the injected source behind all three interfaces. Even "insecure" bytes are strong. */
export function createRandom({ random, randomBytes, trap }: RandomOptions): HostImports {
  let given = 0;
  function take(length: number): Uint8Array {
    given += length;
    if (given > randomBytes) {
      const message = `the agent took more than ${randomBytes} random bytes`;
      throw new RunStop({ kind: 'limit', limit: 'randomBytes', message });
    }
    return random.bytes(length);
  }
  const bytes = (length: bigint): Uint8Array =>
    length > MAX_BYTES ? trap('more random bytes than one call may ask for') : take(Number(length));
  const u64 = (): bigint => {
    const eight = take(8);
    return new DataView(eight.buffer, eight.byteOffset, 8).getBigUint64(0, true);
  };
  return new Map([
    ['wasi:random/random', sealInterface({ getRandomBytes: bytes, getRandomU64: u64 })],
    ['wasi:random/insecure', sealInterface({ getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 })],
    ['wasi:random/insecure-seed', sealInterface({ insecureSeed: (): [bigint, bigint] => [u64(), u64()] })],
  ]);
}
