import { toI32, Unsupported, type Codec } from './codec.ts';
import type { GuestMemory } from './guest-memory.ts';
import { BYTES, STRING, heldForBytes } from './sequence-codec.ts';

/** How the texts of one import lie in memory (`canonopt`), as the glue names it. */
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];
export const TEXT_ENCODINGS = ['utf8', 'utf16', 'compact-utf16', 'latin1+utf16'] as const;

/** In a text that is Latin-1 or UTF-16 this bit of the length says which. */
const UTF16_TAG = 0x8000_0000;

/* What stands for texts and bytes where they are only measured: their place and length, not what is in them. */

export function measuredText(encoding: TextEncoding): Codec {
  const measure = (memory: GuestMemory, at: number, length: number): undefined => {
    memory.hold(1);
    memory.range(at, bytesOf(encoding, length), 1);
  };
  return measuring(STRING, measure);
}

export const MEASURED_BYTES: Codec = measuring(BYTES, (memory, at, length) => {
  heldForBytes(memory);
  memory.range(at, length, 1);
});

function bytesOf(encoding: TextEncoding, length: number): number {
  switch (encoding) {
    case 'utf8':
      return length;
    case 'utf16':
      return length * 2;
    case 'compact-utf16':
    case 'latin1+utf16':
      return length >= UTF16_TAG ? (length - UTF16_TAG) * 2 : length;
  }
}

function measuring(codec: Codec, measure: (memory: GuestMemory, at: number, length: number) => void): Codec {
  return {
    ...codec,
    load: (memory, at) => measure(memory, memory.view().getUint32(at, true), memory.view().getUint32(at + 4, true)),
    lift: (memory, core, from) => measure(memory, toI32(core[from]), toI32(core[from + 1]) >>> 0),
  };
}

/** The number that holds as many flags. */
export function flagsSize(count: number): 'u8' | 'u16' | 'u32' {
  if (count === 0 || count > 32) throw new Unsupported();
  return count <= 8 ? 'u8' : count <= 16 ? 'u16' : 'u32';
}
