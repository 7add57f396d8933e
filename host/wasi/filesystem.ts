import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import { createDeadClass } from './dead-class.ts';

const DESCRIPTOR_METHODS = [
  'readViaStream',
  'writeViaStream',
  'appendViaStream',
  'advise',
  'syncData',
  'getFlags',
  'getType',
  'setSize',
  'setTimes',
  'read',
  'write',
  'readDirectory',
  'sync',
  'createDirectoryAt',
  'stat',
  'statAt',
  'setTimesAt',
  'linkAt',
  'openAt',
  'readlinkAt',
  'removeDirectoryAt',
  'renameAt',
  'symlinkAt',
  'unlinkFileAt',
  'isSameObject',
  'metadataHash',
  'metadataHashAt',
];

/** `wasi:filesystem` with nothing in it: there is no directory to start from, so no descriptor ever exists. */
export function createFilesystem(trap: (message: string) => never): HostImports {
  return new Map([
    ['wasi:filesystem/preopens', sealInterface({ getDirectories: (): [] => [] })],
    [
      'wasi:filesystem/types',
      sealInterface({
        Descriptor: createDeadClass(DESCRIPTOR_METHODS, trap),
        DirectoryEntryStream: createDeadClass(['readDirectoryEntry'], trap),
        filesystemErrorCode: () => undefined,
      }),
    ],
  ]);
}
