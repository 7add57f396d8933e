import type { Adapter, Functions } from './adapter.ts';
import { fail } from './errno.ts';

/** The most random bytes that are asked for at once. */
const RANDOM_PIECE = 65_536;

/** The end of the program, signals, and random bytes. */
export function createProcess({ view, wasi, fault }: Adapter): Functions {
  return {
    proc_exit(given) {
      wasi('wasi:cli/exit#exit-with-code', exitCode(given.u32(0)));
      fault('`wasi:cli/exit` came back');
    },
    proc_raise: () => fail('nosys'),
    sched_yield: () => undefined,
    random_get(given) {
      const [at, length] = [given.u32(0), given.u32(1)];
      view.place(at, length, 1);
      given.charge(length);
      for (let filled = 0; filled < length; filled += RANDOM_PIECE) {
        const piece = Math.min(RANDOM_PIECE, length - filled);
        view.write(at + filled, wasi('wasi:random/random#get-random-bytes', BigInt(piece)).subarray(0, piece));
      }
    },
  };
}

/** What a parent process would see, but a failure stays one. */
function exitCode(status: number): number {
  const code = status & 0xff;
  return code === 0 && status !== 0 ? 255 : code;
}
