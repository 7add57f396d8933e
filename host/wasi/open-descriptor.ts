import type { FileAnswer, FileError, FileReply, FileService } from '../contracts/file-service.ts';
import { throwWit } from '../contracts/guest-import.ts';
import { after, type Pending } from '../contracts/pending.ts';
import type { SharedFile } from './shared-file.ts';

/** The flags `descriptor-flags`. */
export interface DescriptorFlags {
  readonly read: boolean;
  readonly write: boolean;
  readonly fileIntegritySync: boolean;
  readonly dataIntegritySync: boolean;
  readonly requestedWriteSync: boolean;
  readonly mutateDirectory: boolean;
}

/** A directory: a name, looked up anew at each use. */
export interface OpenDirectory {
  readonly kind: 'directory';
  readonly files: FileService;
  /** Canonical. */
  readonly path: string;
  readonly flags: DescriptorFlags;
}

/** A file, held open. */
export interface OpenedFile {
  readonly kind: 'file';
  readonly shared: SharedFile;
  readonly flags: DescriptorFlags;
}

/** What stands behind a descriptor. */
export type OpenDescriptor = OpenDirectory | OpenedFile;

/** The flags of a directory: what it was opened for is decided at each use, so none of them gives anything. */
export const directoryFlags = (read: boolean, mutateDirectory: boolean): DescriptorFlags => ({
  read,
  write: false,
  fileIntegritySync: false,
  dataIntegritySync: false,
  requestedWriteSync: false,
  mutateDirectory,
});

/** Ends a call with an `error-code`. */
export const fail = (code: FileError): never => throwWit(code);

/** The value of an answer, or the error of the call. */
export const valueOf = <Value>(answer: FileAnswer<Value>): Value => (answer.ok ? answer.value : fail(answer.error));

/** The same of an answer that may come later. */
export const valueIn = <Value>(reply: FileReply<Value>): Pending<Value> => after(reply, valueOf<Value>);

export const directoryOf = (open: OpenDescriptor): OpenDirectory =>
  open.kind === 'directory' ? open : fail('not-directory');

/** A directory whose entries may be changed through this descriptor. */
export function changeable(open: OpenDescriptor): OpenDirectory {
  const directory = directoryOf(open);
  return directory.flags.mutateDirectory ? directory : fail('read-only');
}

/** A file that was opened for this. */
export function fileFor(open: OpenDescriptor, use: 'read' | 'write' | 'any'): OpenedFile {
  if (open.kind === 'directory') return fail('is-directory');
  return use === 'any' || open.flags[use] ? open : fail('bad-descriptor');
}
