import { AbiTrap } from '../guest-memory.ts';

/** The longest path that is looked at (`PATH_MAX` of wasi-libc). */
export const MOST_PATH_BYTES = 4096;

/**
 * The module's memory, every access checked. What does not lie in memory, or is not aligned, is a trap and no errno, as
 * the specification demands ("Pointers" in witx-docs.md) and wasmtime does.
 */
export interface GuestView {
  /** Checks that `[at, at + size)` lies in memory and is aligned; gives `at` back. */
  place(at: number, size: number, align: number): number;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  u64(at: number): bigint;
  setU8(at: number, value: number): void;
  setU16(at: number, value: number): void;
  setU32(at: number, value: number): void;
  setU64(at: number, value: bigint): void;
  /** A copy: whoever is given it may keep it. */
  copy(at: number, length: number): Uint8Array<ArrayBuffer>;
  write(at: number, bytes: Uint8Array): void;
}

export function createGuestView(memory: () => WebAssembly.Memory): GuestView {
  let buffer: ArrayBufferLike | undefined;
  let data: DataView;
  let octets: Uint8Array;

  /** The buffer is another one after each growth. */
  function refresh(): void {
    const now = memory().buffer;
    if (now === buffer) return;
    [buffer, data, octets] = [now, new DataView(now), new Uint8Array(now)];
  }

  function place(at: number, size: number, align: number): number {
    refresh();
    if (at % align !== 0) throw new AbiTrap('a pointer is not aligned');
    if (at + size > octets.length) throw new AbiTrap('a pointer leads out of memory');
    return at;
  }

  /** The memory as it is now, after the check of one number in it. */
  function number(at: number, size: number): DataView {
    place(at, size, size);
    return data;
  }

  return Object.freeze({
    place,
    u8: (at: number) => number(at, 1).getUint8(at),
    u16: (at: number) => number(at, 2).getUint16(at, true),
    u32: (at: number) => number(at, 4).getUint32(at, true),
    u64: (at: number) => number(at, 8).getBigUint64(at, true),
    setU8: (at: number, value: number) => number(at, 1).setUint8(at, value),
    setU16: (at: number, value: number) => number(at, 2).setUint16(at, value, true),
    setU32: (at: number, value: number) => number(at, 4).setUint32(at, value, true),
    setU64: (at: number, value: bigint) => number(at, 8).setBigUint64(at, value, true),
    copy(at: number, length: number): Uint8Array<ArrayBuffer> {
      place(at, length, 1);
      return Uint8Array.from(octets.subarray(at, at + length));
    },
    write(at: number, bytes: Uint8Array): void {
      place(at, bytes.length, 1);
      octets.set(bytes, at);
    },
  });
}
