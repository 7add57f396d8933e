import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { AuditFile, AuditFiles } from '../audit/audit-files.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** The audit files of this machine. */
export function createAuditFiles(): AuditFiles {
  return Object.freeze({
    makeDirectory: (directory: string) => void mkdirSync(directory, { recursive: true, mode: 0o700 }),
    create: (path: string) => auditFile(openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)),
    // Without O_NONBLOCK the open of a pipe that was put in the file's place would wait for ever.
    open: (path: string) => auditFile(regular(openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK))),
    read: readPieces,
    list: (directory: string) => readdirSync(directory).sort(),
    remove: (path: string) => unlinkSync(path),
    syncDirectory(directory: string): void {
      const descriptor = openSync(directory, O_RDONLY);
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  });
}

function auditFile(descriptor: number): AuditFile {
  let open = true;
  return Object.freeze({
    size: () => fstatSync(descriptor).size,
    append(bytes: Uint8Array, length: number): void {
      let written = 0;
      // A full disk shows as a short write first; the next one then fails with ENOSPC.
      while (written < length) {
        const count = writeSync(descriptor, bytes, written, length - written, null);
        if (count === 0) throw new Error('nothing was written');
        written += count;
      }
    },
    sync: () => fdatasyncSync(descriptor),
    close(): void {
      // A second close could hit a descriptor that somebody else was given meanwhile.
      if (open) closeSync(descriptor);
      open = false;
    },
  });
}

function regular(descriptor: number): number {
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new Error('not a regular file');
}

const PIECE_BYTES = 256 * 1024;

function* readPieces(path: string): Generator<Uint8Array> {
  const descriptor = regular(openSync(path, O_RDONLY | O_NONBLOCK));
  try {
    for (;;) {
      const piece = new Uint8Array(PIECE_BYTES);
      const length = readSync(descriptor, piece, 0, PIECE_BYTES, null);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}
