import type { Ids } from '../contracts/ids.ts';
import type { Clock, Random } from '../contracts/powers.ts';

/** Crockford's base 32: no letter that can be taken for a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new run id: `run-`, 10 characters of time and 16 random ones, so that ids sort by time. */
export function newRunId(clock: Clock, random: Random): string {
  let time = '';
  for (let rest = clock.nowMs(), digit = 0; digit < 10; digit += 1, rest = Math.floor(rest / 32)) {
    time = ALPHABET.charAt(rest % 32) + time;
  }
  const tail = Array.from(random.bytes(16), (byte) => ALPHABET.charAt(byte % 32)).join('');
  return `run-${time}${tail}`;
}

/** The ids of one run. */
export function createIds(run: string): Ids {
  let decisions = 0;
  return Object.freeze({
    run: () => run,
    decision: () => `${run}/${++decisions}`,
  });
}
