import type { PolicySlice } from './policy-snapshot.ts';
import { finish, type Steps } from './steps.ts';

/**
 * A slice whose rows are one text in shared memory: as it goes to cells. However many rows there are and however many
 * cells, handing it over takes no time, and there is one copy.
 */
export interface PackedSlice extends Omit<PolicySlice, 'rows'> {
  /** UTF-8; after each row a line feed. No row holds one. */
  readonly rows: SharedArrayBuffer;
}

/** How many rows are packed in one step. */
const ROWS_OF_A_STEP = 512;

export const packSlice = (slice: PolicySlice): PackedSlice => finish(packSteps(slice));

export function* packSteps({ rows, ...rest }: PolicySlice): Steps<PackedSlice> {
  const pieces: Buffer[] = [];
  let length = 0;
  for (let at = 0; at < rows.length; at += ROWS_OF_A_STEP) {
    const piece = Buffer.from(`${rows.slice(at, at + ROWS_OF_A_STEP).join('\n')}\n`);
    pieces.push(piece);
    length += piece.length;
    yield;
  }
  const packed = new SharedArrayBuffer(length);
  const bytes = new Uint8Array(packed);
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
    yield;
  }
  return { ...rest, rows: packed };
}

/** The slice again. Its rows are read when they are first asked for. */
export function unpackSlice({ rows: packed, ...rest }: PackedSlice): PolicySlice {
  let rows: readonly string[] | undefined;
  return Object.freeze({
    ...rest,
    get rows() {
      return (rows ??= Buffer.from(packed).toString().split('\n').slice(0, -1));
    },
  });
}
