import type { OpenFile } from '../contracts/file-service.ts';

/** An open file that a descriptor and the streams made from it hold together: the last one closes it. */
export interface SharedFile {
  readonly file: OpenFile;
  retain(): SharedFile;
  release(): void;
}

/** The first holder's part of a file that was just opened. */
export function shareFile(file: OpenFile): SharedFile {
  let holders = 1;
  const shared: SharedFile = Object.freeze({
    file,
    retain() {
      holders += 1;
      return shared;
    },
    release() {
      holders -= 1;
      if (holders === 0) file.close();
    },
  });
  return shared;
}
