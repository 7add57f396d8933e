/** The files of the audit log, as a power: the only way in which it touches the machine. */

/** A file that is open for appending and for nothing else. */
export interface AuditFile {
  /** Its length now, in bytes. */
  size(): number;
  /** Hands the first `length` bytes to the kernel, all of them, or throws. */
  append(bytes: Uint8Array, length: number): void;
  /** Waits until the bytes are on the disk. */
  sync(): void;
  close(): void;
}

/** Opens, reads and lists audit files. Every method throws the error of the system. */
export interface AuditFiles {
  /** Makes a directory for its owner alone (0700), and those above it; content if it is there. */
  makeDirectory(directory: string): void;
  /** Makes a new file for its owner alone (0600). Fails if anything has that name, a link included. */
  create(path: string): AuditFile;
  /** Opens an existing regular file, never through a link. */
  open(path: string): AuditFile;
  /** The file's bytes, in pieces. */
  read(path: string): Iterable<Uint8Array>;
  /** The names in a directory, sorted. */
  list(directory: string): readonly string[];
  remove(path: string): void;
  /** Waits until the directory's entries are on the disk. */
  syncDirectory(directory: string): void;
}
