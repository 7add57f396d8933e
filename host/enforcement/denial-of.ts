import type { DenialReason } from '../contracts/decision.ts';
import { HINTS, type Denial } from '../contracts/denial.ts';

/** What a guest may know of a denial. */
export function denialOf(reason: DenialReason, decision: string, retryAfterMs?: number): Denial {
  const later = retryAfterMs === undefined ? undefined : BigInt(retryAfterMs);
  return { decision, reason, hint: HINTS[reason], retryAfterMs: later };
}
