import { closeSync, readSync, writeSync } from 'node:fs';

/** Keeps what a process writes, up to the greatest size. */
export function createCapture(from: number, mostBytes: number, scratch: Buffer) {
  let open: number | undefined = from;
  let length = 0;
  let truncated = false;
  const pieces: Buffer[] = [];
  return Object.freeze({
    descriptor: () => open,
    close(): void {
      if (open !== undefined) closeSync(open);
      open = undefined;
    },
    truncated: () => truncated,
    bytes: () => Buffer.concat(pieces),
    read(): void {
      if (open === undefined) return;
      const read = readSync(open, scratch);
      if (read === 0) {
        closeSync(open);
        open = undefined;
        return;
      }
      const room = mostBytes - length;
      if (read > room) truncated = true;
      if (room <= 0) return;
      pieces.push(Buffer.from(scratch.subarray(0, Math.min(read, room))));
      length += Math.min(read, room);
    },
  });
}

/** Gives a process its input, as it takes it. */
export function createFeed(to: number | undefined, input: Uint8Array) {
  let open = to;
  let position = 0;
  function end(): void {
    if (open !== undefined) closeSync(open);
    open = undefined;
  }
  if (input.length === 0) end();
  return Object.freeze({
    descriptor: () => open,
    close: end,
    write(): void {
      if (open === undefined) return;
      try {
        position += writeSync(open, input, position);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return;
        end(); // EPIPE: a program may end without reading its input
        return;
      }
      if (position === input.length) end();
    },
  });
}
