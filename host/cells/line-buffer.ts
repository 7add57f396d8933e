/** Turns pieces of output into lines. */
export interface LineBuffer {
  write(bytes: Uint8Array): void;
  /** Hands on what has no line break yet. */
  end(): void;
}

/** A line that never ends is handed on in pieces of this many characters. */
const LONGEST_LINE = 8192;

/**
 * Collects bytes, UTF-8 (what is not becomes U+FFFD), and hands on whole lines without their break: all that one write
 * has completed at once, since a guest may write nothing but line breaks.
 */
export function createLineBuffer(hand: (lines: readonly string[]) => void): LineBuffer {
  const decoder = new TextDecoder();
  let pending = '';
  const flush = (): void => {
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    while (pending.length > LONGEST_LINE) {
      lines.push(pending.slice(0, LONGEST_LINE));
      pending = pending.slice(LONGEST_LINE);
    }
    if (lines.length > 0) hand(lines);
  };
  return Object.freeze({
    write(bytes: Uint8Array): void {
      pending += decoder.decode(bytes, { stream: true });
      flush();
    },
    end(): void {
      pending += decoder.decode();
      flush();
      if (pending !== '') hand([pending]);
      pending = '';
    },
  });
}
