import { count, joined, maskEach, type Finds, type Masker, type MaskStream } from './mask-stream.ts';

/** Maskers one after the other: the next sees what the one before it let through, and its marks. */
export function chain(maskers: readonly Masker[]): Masker {
  const [only, ...more] = maskers;
  if (only !== undefined && more.length === 0) return only;
  function stream(): MaskStream {
    const streams = maskers.map((masker) => masker.stream());
    return {
      get finds(): Finds {
        const all = new Map<string, number>();
        for (const { finds } of streams) for (const [name, times] of finds) count(all, name, times);
        return all;
      },
      get steps() {
        return streams.reduce((sum, { steps }) => sum + steps, 0);
      },
      push: (piece: Uint8Array) => streams.reduce((bytes, stream) => stream.push(bytes), piece),
      end: () =>
        streams.reduce((before: Uint8Array, stream) => joined(stream.push(before).slice(), stream.end()), NOTHING),
    };
  }

  const last = maskers.at(-1);
  return Object.freeze({
    longestHeld: maskers.reduce((sum, { longestHeld }) => sum + longestHeld, 0),
    stream,
    parts(bytes: Uint8Array) {
      const isFound = maskers.slice(0, -1).some((masker) => masker.parts(bytes).finds.size > 0);
      return isFound || last === undefined ? maskEach({ stream }, bytes) : last.parts(bytes);
    },
  });
}

const NOTHING = new Uint8Array(0);
