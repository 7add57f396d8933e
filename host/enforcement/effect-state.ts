import type { Allow, DenialReason, DenyObligations, PolicyRef, RuleRef } from '../contracts/decision.ts';
import type { KeptLabels } from '../contracts/label.ts';
import type { Access, Attributes, Json } from '../contracts/request.ts';
import type { EffectRoom } from './effect-room.ts';

/** What the operator is told as it happens: one event per decision. */
export interface DecisionEvent {
  readonly action: string;
  readonly resource: string;
  readonly effect: 'allow' | 'approve' | 'deny';
  readonly reason?: DenialReason;
  /** In a chain of callers: the first whose rules deny, `agent:NAME`, where that is not the agent that acts. */
  readonly agent?: string;
  /** What a rule could have tested; only where the policy did not allow. */
  readonly attributes?: Attributes;
  /** All that the request touches; only where the policy did not allow. */
  readonly accesses?: readonly Access[];
  /** What the operator may know beside the reason: the refusal, the address, the obligations. Never for the guest. */
  readonly detail?: { readonly [key: string]: Json };
  /** When the same may be tried again, where that is known, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Who is to be told, by the names that the rules give. */
  readonly alerts?: readonly string[];
  readonly id: string;
}

/** An effect between its intent and its outcome. */
export interface OpenEffect {
  /** The id of the decision. */
  readonly id: string;
  /** `seq` of the intent. */
  readonly intent: number;
  readonly action: string;
  readonly resource: string;
  readonly allow: Allow;
  readonly room: EffectRoom;
  /** What it writes carries along what the run reads meanwhile, and what comes is looked at. */
  readonly kept: KeptLabels | undefined;
  readonly startedUs: number;
}

/** A decision that is not an allow, ready to be recorded and answered. */
export interface Refused {
  readonly reason: DenialReason;
  readonly rules: readonly RuleRef[];
  readonly access: number;
  readonly agent?: string;
  readonly policy: PolicyRef;
  readonly detail?: { readonly [key: string]: Json };
  readonly retryAfterMs?: number;
  /** What the rules ask for although it is denied. */
  readonly obligations?: DenyObligations;
}
