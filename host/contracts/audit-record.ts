import type { Json } from './request.ts';
import type { DenialReason, PolicyRef } from './decision.ts';
import type { Principal } from './principal.ts';

/** The schema version of a record, field `v`. */
export const AUDIT_VERSION = 1;

/** The events of a run, in the past tense. */
export const AUDIT_TYPES = [
  'run.opened',
  'effect.intended',
  'effect.denied',
  'effect.settled',
  'effect.unknown',
  'policy.diverged',
  'approval.asked',
  'approval.answered',
  'limit.hit',
  'load.denied',
  'log.recovered',
  'run.closed',
] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

/** The decision as it is recorded. `rules` are rule ids. */
export interface RecordedDecision {
  readonly effect: 'allow' | 'approve' | 'deny';
  readonly id: string;
  readonly rules: readonly string[];
  readonly reason?: DenialReason;
  /** In a chain of callers: the first whose rules deny, where that is not the agent that acts. */
  readonly agent?: string;
  readonly obligations?: { readonly [name: string]: Json };
  /** On an intent that people said yes to: the id of the question. */
  readonly approval?: string;
}

/** Names of labels. */
export interface RecordedLabels {
  readonly effect?: string;
  readonly run: string;
}

/** How an effect ended. */
export interface RecordedOutcome {
  readonly status: 'ok' | 'error';
  /** The case of the gate's WIT error, where it failed. */
  readonly code?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly durationUs?: number;
  /** SHA-256 of the result, where the gate computes one. */
  readonly digest?: string;
  /** The obligations that were discharged, with what they did (for instance `{rows: 12}`). */
  readonly discharged?: { readonly [name: string]: Json };
  readonly detail?: { readonly [key: string]: Json };
}

/** The part of a record that its writer chooses; the log adds `v`, `log`, `run`, `seq`, `time`, `mono`, `prev`. */
export interface AuditEntry {
  readonly type: AuditType;
  /** On an outcome: the `seq` of its intent. */
  readonly intent?: number;
  readonly principal?: Principal;
  readonly purpose?: string;
  /** `effect` is the label of what is touched, `run` that of all that the run has read, this effect included. */
  readonly labels?: RecordedLabels;
  readonly action?: string;
  readonly resource?: string;
  /** All accesses, where an effect has more than one. */
  readonly accesses?: readonly { readonly action: string; readonly resource: string }[];
  readonly request?: { readonly [key: string]: Json };
  readonly decision?: RecordedDecision;
  readonly policy?: PolicyRef;
  readonly outcome?: RecordedOutcome;
  readonly detail?: { readonly [key: string]: Json };
}

/** The log of one run. Appending is synchronous: when it returns, the record has left the process. */
export interface RunLog {
  /** Appends one record and returns its `seq`. Throws `HostError` `ERR_AUDIT_APPEND`: then nothing may happen. */
  append(entry: AuditEntry): number;
}
