/** The lines of a file, for the verifier. */

export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Without the newline. */
  readonly bytes: Uint8Array;
  readonly terminated: boolean;
}

/** Splits bytes at newlines. A line longer than `most` is handed over cut, as the last one, without its newline. */
export function* fileLines(source: Uint8Array | Iterable<Uint8Array>, most: number): Generator<FileLine> {
  let number = 0;
  let kept = Buffer.alloc(0);
  for (const piece of source instanceof Uint8Array ? [source] : source) {
    let rest: Buffer = Buffer.concat([kept, piece]);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      number += 1;
      yield { number, bytes: rest.subarray(0, end), terminated: true };
      rest = rest.subarray(end + 1);
    }
    kept = Buffer.from(rest);
    if (kept.length > most) break;
  }
  if (kept.length > 0) yield { number: number + 1, bytes: kept.subarray(0, most + 1), terminated: false };
}
