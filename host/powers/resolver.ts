import { lookup } from 'node:dns';
import type { Pending } from '../contracts/pending.ts';
import type { Clock } from '../contracts/powers.ts';
import type { Resolution, Resolver } from '../gates/http/resolver.ts';

/** Options of the system's resolver. */
export interface SystemResolverOptions {
  readonly clock: Clock;
  /** How long an answer is used again. The addresses in it are vetted each time. */
  readonly reuseMs?: number;
}

const REUSE_MS = 5_000;
const MOST_NAMES = 256;

/** Resolves names as the system does, hosts file included: every address, in the system's order. */
export function createSystemResolver({ clock, reuseMs = REUSE_MS }: SystemResolverOptions): Resolver {
  const answers = new Map<string, { readonly addresses: readonly string[]; readonly untilUs: number }>();

  function remembered(name: string): readonly string[] | undefined {
    const answer = answers.get(name);
    if (answer === undefined || answer.untilUs > clock.monotonicUs()) return answer?.addresses;
    answers.delete(name);
    return undefined;
  }

  return Object.freeze({
    resolve(name: string, timeoutMs: number): Pending<Resolution> {
      const addresses = remembered(name);
      if (addresses !== undefined) return { kind: 'addresses', addresses };
      return new Promise((resolve) => {
        // The system's call cannot be ended; its late answer is dropped.
        const timer = setTimeout(() => resolve({ kind: 'timed-out' }), timeoutMs);
        lookup(name, { all: true, order: 'verbatim' }, (error, found) => {
          clearTimeout(timer);
          if (error !== null) {
            resolve({ kind: 'not-found' });
            return;
          }
          const addresses = found.map(({ address }) => address);
          if (answers.size >= MOST_NAMES) answers.clear();
          answers.set(name, { addresses, untilUs: clock.monotonicUs() + reuseMs * 1000 });
          resolve({ kind: 'addresses', addresses });
        });
      });
    },
  });
}
