import type { FileService } from '../contracts/file-service.ts';
import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import { createDescriptors } from './descriptors.ts';
import { createDirectoryEntries } from './directory-entries.ts';
import type { Streams } from './streams.ts';

export interface FilesystemOptions {
  /** Left out where no directory is shown: then there is nothing to start from, and no descriptor ever exists. */
  readonly files?: FileService | undefined;
  readonly streams: Streams;
  readonly trap: (message: string) => never;
}

/**
 * `wasi:filesystem` on the files of the fs gate. Nothing is decided here: a descriptor is a name, or a file that the gate
 * opened, and every use of it is an effect that the policy decides. What is held here are the rules of the interface:
 * flags, and that no path leaves its directory.
 */
export function createFilesystem({ files, streams, trap }: FilesystemOptions): HostImports {
  const { DirectoryEntryStream, stream } = createDirectoryEntries(trap);
  const { Descriptor, root } = createDescriptors({ streams, entries: stream, trap });
  const getDirectories = (): [object, string][] =>
    files === undefined ? [] : files.roots.map((shown) => [root(files, shown), shown.path]);
  const filesystemErrorCode = (error: object): unknown => {
    const { origin, code } = streams.failureBehind(error);
    return origin === 'filesystem' ? code : undefined;
  };
  return new Map([
    ['wasi:filesystem/preopens', sealInterface({ getDirectories })],
    ['wasi:filesystem/types', sealInterface({ Descriptor, DirectoryEntryStream, filesystemErrorCode })],
  ]);
}
