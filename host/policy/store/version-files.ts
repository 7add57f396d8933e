/** The files of the policy store, as a power: the only way in which it touches the machine. Every method throws the error of the system. */
export interface VersionFiles {
  /** The names in a directory, sorted; none where it is not there. */
  list(directory: string): readonly string[];
  /** The bytes of a regular file of at most `most` bytes, never through a link; `undefined` for nothing. */
  read(path: string, most: number): Uint8Array | undefined;
  /**
   * Puts a file for its owner alone (0600) in the place of whatever has its name, whole or not at all. Directories that are
   * missing are made (0700).
   */
  write(path: string, bytes: Uint8Array): void;
  /** The same for a name that nothing has; false where something has it. Of several processes, one makes it. */
  create(path: string, bytes: Uint8Array): boolean;
  /** Waits until files, and that they are there, are on the disk: until then the loss of power may lose them. */
  flush(paths: readonly string[]): Promise<void>;
  /** As `write`, with permissions; when it returns, all of it is on the disk. */
  replace(path: string, bytes: Uint8Array, mode: number): void;
  /** How long ago a file was written, milliseconds; `undefined` for nothing. */
  ageMs(path: string): number | undefined;
  /** How long a file is, bytes; `undefined` for nothing. */
  size(path: string): number | undefined;
  /** The permissions of a file; `undefined` for nothing. */
  mode(path: string): number | undefined;
  /** Removes a file, if it is there. */
  remove(path: string): void;
}
