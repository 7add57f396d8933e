/** The guest did what the canonical ABI answers with a trap. */
export class AbiTrap extends Error {
  override readonly name = 'AbiTrap';
}

/** The linear memory behind one import, for one call at a time. */
export interface GuestMemory {
  /** Starts the counts anew. */
  begin(): void;
  /** Bytes that were touched since `begin`. */
  touched(): number;
  /** Counts what a list is about to cost the host, besides its bytes: items may be far smaller than what they become. */
  hold(items: number): void;
  /** Of the memory as it is now: it moves when it grows. */
  view(): DataView;
  bytes(): Buffer;
  /** Checks that `[at, at + size)` lies in memory and is aligned; returns `at` without a sign. */
  range(at: number, size: number, align: number): number;
  /** Asks the guest for room. It may not call the host meanwhile. */
  allocate(size: number, align: number): number;
}

/** The options of one lowered import (Component Model, `canonopt`). The glue knows them once its instances are made. */
export interface CanonicalOptions {
  readonly memory: () => WebAssembly.Memory | null;
  readonly realloc: (() => (pointer: number, was: number, align: number, size: number) => number) | undefined;
  /** Not 1 while the instance must not leave: the glue and its intrinsics read it too. */
  readonly flags: () => WebAssembly.Global | undefined;
  /** What the glue has behind a handle of the method's resource. Throws for a handle that the guest does not have. */
  readonly self?: (handle: number) => object | undefined;
}

/** `MAX_STRING_BYTE_LENGTH` of the canonical ABI stands for every length: beyond it, sums could pass 2^32. */
const MOST_BYTES = 2 ** 31 - 1;

/** What one item of a list costs the heap of the host: an object of a few members and its place in the list. */
const ITEM_BYTES = 64;

/** Who bounds what a call carries. Each is told the sum since `begin`, each time that there is more. */
export interface CarryWatch {
  /** Bytes: pointers may all lead to one place, so what is carried is not bounded by the size of the memory. */
  readonly charge: (bytes: number) => void;
  /** Memory of the host for the items of lists, before it is taken. */
  readonly hold: (bytes: number) => void;
}

export function createGuestMemory(options: CanonicalOptions, watch: CarryWatch): GuestMemory {
  const { memory, realloc, flags } = options;
  let touched = 0;
  let held = 0;
  let buffer: ArrayBufferLike | undefined;
  let data: DataView;
  let octets: Buffer;

  function refresh(): void {
    const now = memory()?.buffer;
    if (now === undefined) throw new AbiTrap('the import has no memory');
    if (now === buffer) return;
    [buffer, data, octets] = [now, new DataView(now), Buffer.from(now)];
  }

  function range(at: number, size: number, align: number): number {
    refresh();
    const start = at >>> 0;
    if (start % align !== 0) throw new AbiTrap('a pointer is not aligned');
    if (size > MOST_BYTES || start + size > octets.length) throw new AbiTrap('a pointer leads out of memory');
    touched += size;
    watch.charge(touched);
    return start;
  }

  return Object.freeze({
    range,
    begin(): void {
      touched = 0;
      held = 0;
    },
    touched: () => touched,
    hold(items: number): void {
      held += items * ITEM_BYTES;
      watch.hold(held);
    },
    view(): DataView {
      refresh();
      return data;
    },
    bytes(): Buffer {
      refresh();
      return octets;
    },
    allocate(size: number, align: number): number {
      const leave = flags();
      if (realloc === undefined || leave === undefined) throw new AbiTrap('the import has no `realloc`');
      leave.value = 0;
      let at: number;
      try {
        at = realloc()(0, 0, align, size);
      } finally {
        leave.value = 1;
      }
      return range(at, size, align);
    },
  });
}
