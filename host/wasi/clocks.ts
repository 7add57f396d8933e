import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import type { Clock } from '../contracts/powers.ts';
import type { Poll } from './poll.ts';

const NS_PER_MS = 1_000_000;
const MAX_INSTANT = 2n ** 64n - 1n;

/** Nanoseconds since it was first asked; never goes back. A cell may have waited for its run: that is no time of the run's. */
export function createRunClock(clock: Clock): () => bigint {
  let startUs: number | undefined;
  return () => {
    const nowUs = clock.monotonicUs();
    startUs ??= nowUs;
    return BigInt(Math.max(0, Math.floor((nowUs - startUs) * 1000)));
  };
}

/** `wasi:clocks`: the host's wall clock to the millisecond, and the time since it was first asked to the microsecond. */
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
