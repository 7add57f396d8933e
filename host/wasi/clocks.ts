import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import type { Clock } from '../contracts/powers.ts';
import type { Poll } from './poll.ts';

const NS_PER_MS = 1_000_000;
const MAX_INSTANT = 2n ** 64n - 1n;

/** Nanoseconds since the start of the run; never goes back. */
export function createRunClock(clock: Clock): () => bigint {
  const startUs = clock.monotonicUs();
  return () => BigInt(Math.max(0, Math.floor((clock.monotonicUs() - startUs) * 1000)));
}

/** `wasi:clocks`: the host's wall clock to the millisecond, and the time since the run began to the microsecond. */
export function createClocks(clock: Clock, nowNs: () => bigint, poll: Poll): HostImports {
  const subscribeDuration = (duration: bigint): object => {
    const deadline = nowNs() + duration;
    return poll.timer(deadline > MAX_INSTANT ? MAX_INSTANT : deadline);
  };
  const wallNow = () => {
    const nowMs = Math.floor(clock.nowMs());
    return { seconds: BigInt(Math.floor(nowMs / 1000)), nanoseconds: (nowMs % 1000) * NS_PER_MS };
  };
  return new Map([
    [
      'wasi:clocks/monotonic-clock',
      sealInterface({
        now: nowNs,
        resolution: () => 1000n,
        subscribeInstant: (when: bigint) => poll.timer(when),
        subscribeDuration,
      }),
    ],
    [
      'wasi:clocks/wall-clock',
      sealInterface({ now: wallNow, resolution: () => ({ seconds: 0n, nanoseconds: NS_PER_MS }) }),
    ],
  ]);
}
