import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { readComponent } from './component-source.ts';

/** A component file whose digest is known. */
export interface KnownComponent {
  /** `sha256:` and hex. */
  readonly digest: string;
  /** Reads it, unless that was just done. The bytes have the digest, or are refused. */
  bytes(): Promise<Uint8Array>;
}

/** Digests of the component files that were read last. */
export interface ComponentMemo {
  /** Throws `HostError` as `readComponent` does. */
  read(path: string): Promise<KnownComponent>;
}

interface Memo {
  readonly identity: string;
  readonly digest: string;
}

const MOST_FILES = 256;
/** Time stamps of files are coarse: one that was changed so shortly before may be changed again unnoticed. */
const SETTLED_MS = 2000;

/**
 * Reads component files, and none twice that has not changed since: that is told from its inode, size and times. A
 * digest that is out of date runs what was prepared under it, never the bytes that nobody has looked at.
 */
export function createComponentMemo(maxBytes: number): ComponentMemo {
  const memos = new Map<string, Memo>();

  async function identityOf(
    path: string,
  ): Promise<{ readonly identity: string; readonly settled: boolean } | undefined> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      const settled = Date.now() - Number(ctimeNs / 1_000_000n) > SETTLED_MS;
      return { identity: [dev, ino, size, mtimeNs, ctimeNs].join(' '), settled };
    } catch {
      return undefined; // reading it says what is wrong
    }
  }

  async function readWhole(path: string): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
    const bytes = await readComponent(path, maxBytes);
    return { bytes, digest: `sha256:${hash('sha256', bytes, 'hex')}` };
  }

  return Object.freeze({
    async read(path: string): Promise<KnownComponent> {
      const before = await identityOf(path);
      const memo = memos.get(path);
      if (before !== undefined && memo?.identity === before.identity) {
        const { digest } = memo;
        const bytes = async (): Promise<Uint8Array> => {
          const now = await readWhole(path);
          if (now.digest === digest) return now.bytes;
          memos.delete(path);
          throw new Error('the component was exchanged while it was read');
        };
        return { digest, bytes };
      }
      const { bytes, digest } = await readWhole(path);
      const after = await identityOf(path);
      memos.delete(path);
      if (before?.settled === true && before.identity === after?.identity) memos.set(path, { ...before, digest });
      for (const oldest of memos.keys()) if (memos.size > MOST_FILES) memos.delete(oldest);
      return { digest, bytes: () => Promise.resolve(bytes) };
    },
  });
}
