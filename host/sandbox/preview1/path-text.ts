import { fail } from './errno.ts';
import type { GuestView } from './guest-view.ts';

/** The longest path that is looked at (`PATH_MAX` of wasi-libc). */
const MOST_PATH_BYTES = 4096;

/** A byte order mark at its start is a part of a name. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A path. What is in it, the file system judges. */
export function readPath(view: GuestView, at: number, length: number): string {
  view.place(at, length, 1);
  if (length > MOST_PATH_BYTES) return fail('nametoolong');
  const bytes = view.copy(at, length);
  try {
    return UTF8.decode(bytes);
  } catch {
    return fail('ilseq');
  }
}
