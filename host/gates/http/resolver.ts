import type { Pending } from '../../contracts/pending.ts';

/** What a name leads to. */
export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'timed-out' };

/** Resolves names. */
export interface Resolver {
  resolve(name: string, timeoutMs: number): Pending<Resolution>;
}
