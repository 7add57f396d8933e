import type { FileStatus } from '../contracts/file-service.ts';
import { after, type Pending } from '../contracts/pending.ts';

/**
 * The last status that was looked at, for one question about the same name right after it. C libraries ask twice for one
 * `stat`: for its fields, and for the hash that stands for its inode. Both are answered by one look, decided and recorded
 * once. Whatever else is asked of a descriptor in between lets go of it, so nothing is answered that was not just allowed.
 */
export interface StatusMemo {
  /** Looks, and remembers. */
  first(name: string, look: () => Pending<FileStatus>): Pending<FileStatus>;
  /** What was just looked at, or a new look. */
  again(name: string, look: () => Pending<FileStatus>): Pending<FileStatus>;
  forget(): void;
}

export function createStatusMemo(): StatusMemo {
  let last: { readonly name: string; readonly status: FileStatus } | undefined;
  return Object.freeze({
    first(name: string, look: () => Pending<FileStatus>): Pending<FileStatus> {
      last = undefined;
      const looked = look();
      // A guest that waits, or has ended its turn, is told what is there then. One that had to wait for a person has its
      // turn in a microtask to come.
      const endOfTurn = looked instanceof Promise ? setImmediate : queueMicrotask;
      return after(looked, (status) => {
        last = { name, status };
        endOfTurn(() => (last = undefined));
        return status;
      });
    },
    again(name: string, look: () => Pending<FileStatus>): Pending<FileStatus> {
      const known = last;
      last = undefined;
      return known?.name === name ? known.status : look();
    },
    forget: () => void (last = undefined),
  });
}
