import type { Claim } from '../../enforcement/grant.ts';

/** Room for the bytes of one exchange, in both directions. */
export interface ByteRoom {
  /** False: there is none, and they must not move. */
  readonly take: (bytes: number) => boolean;
  /** Whether there was none at some time: that ended the exchange. */
  readonly isUsedUp: () => boolean;
}

export function createByteRoom({ takeBytes }: Pick<Claim<unknown>, 'takeBytes'>): ByteRoom {
  let usedUp = false;
  return Object.freeze({
    take(bytes: number): boolean {
      usedUp ||= !takeBytes(bytes);
      return !usedUp;
    },
    isUsedUp: () => usedUp,
  });
}
