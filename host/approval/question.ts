import type { ApprovalScope } from '../contracts/approval.ts';
import type { PolicyRef } from '../contracts/decision.ts';

/** A rule that asks, as it stood in the policy when it asked. */
export interface QuestionRule {
  readonly id: string;
  readonly line?: number;
  readonly row?: string;
}

/** A question to people: who wants to do what, for whom, why, and under which rules. It never changes. */
export interface Question {
  /** The id of the decision that asked first. */
  readonly id: string;
  /** The run that asked first. */
  readonly run: string;
  readonly agent: string;
  /** Digest of the component. */
  readonly component: string;
  /** The agents that called, the first of them first. */
  readonly callers: readonly string[];
  /** Everybody on whose behalf the agent, or one that called it, runs: `user:NAME`. */
  readonly onBehalfOf: readonly string[];
  readonly purpose?: string;
  readonly environment?: string;
  readonly accesses: readonly { readonly action: string; readonly resource: string }[];
  /** JSON of what the gate shows of the request: `{ summary, payload? }`. Guests choose much of it. */
  readonly shown: string;
  /** Not all that the request carries is in `shown` or bound by `digest`. */
  readonly partial: boolean;
  readonly digest: string;
  readonly policy: PolicyRef;
  readonly rules: readonly QuestionRule[];
  /** One person of each, all of them different; sorted. */
  readonly roles: readonly string[];
  readonly label?: string;
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly askedMs: number;
  /** From then on no answer counts. */
  readonly expiresMs: number;
}

/** What one person said. */
export interface Vote {
  /** `user:NAME`. */
  readonly person: string;
  readonly verdict: 'yes' | 'no';
  readonly scope: ApprovalScope;
  readonly atMs: number;
}

/**
 * What became of a question. `used`: a yes was taken, once; `covers-run`: it was taken, and holds for the rest of the run.
 */
export const QUESTION_STATES = ['open', 'used', 'covers-run', 'denied', 'expired'] as const;
export type QuestionState = (typeof QUESTION_STATES)[number];
