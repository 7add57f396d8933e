import { watch } from 'node:fs';

/** Tells that something in a directory may have changed. It is a hint: what changed, is looked up. */
export type WatchDirectory = (directory: string, changed: () => void) => DirectoryWatch | undefined;

export interface DirectoryWatch {
  close(): void;
}

/**
 * Watches a directory, and nothing below it; `undefined` where that cannot be done. It does not keep the process alive. A
 * watch that breaks tells so once, by `changed`.
 */
export const watchDirectory: WatchDirectory = (directory, changed) => {
  try {
    const watcher = watch(directory, { persistent: false, recursive: false }, changed);
    watcher.on('error', () => {
      watcher.close();
      changed();
    });
    return { close: () => watcher.close() };
  } catch {
    return undefined; // no such directory, or no watch left on this machine: whoever asks looks from time to time
  }
};
