/** Collects bytes whose number is not known before. */
export interface ByteSink {
  add(bytes: Uint8Array, from: number, to: number): void;
  /** All of it; the sink is empty then. */
  take(): Uint8Array;
}

const SHORT = 64;
const NOTHING = new Uint8Array(0);

/** An empty sink that has room for `expected` bytes before it grows. */
export function createByteSink(expected: number): ByteSink {
  let room = new Uint8Array(expected);
  let length = 0;
  return {
    add(bytes, from, to) {
      const needed = length + (to - from);
      if (needed > room.length) {
        const larger = new Uint8Array(Math.max(needed, room.length * 2));
        larger.set(room.subarray(0, length));
        room = larger;
      }
      // A view costs more than a few bytes.
      if (to - from < SHORT) for (let at = from; at < to; at += 1) room[length + at - from] = bytes[at] ?? 0;
      else room.set(bytes.subarray(from, to), length);
      length = needed;
    },
    take() {
      const taken = room.subarray(0, length);
      room = NOTHING;
      length = 0;
      return taken;
    },
  };
}
