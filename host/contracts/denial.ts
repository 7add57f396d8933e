import type { DenialReason } from './decision.ts';

/** A refusal as the guest sees it: the record `denial` of `wit/types.wit`, in the shape that the glue lowers. */
export interface Denial {
  readonly decision: string;
  readonly reason: DenialReason;
  readonly hint: string;
  readonly retryAfterMs: bigint | undefined;
}

/** The case that begins every error variant of the WIT. */
export interface DeniedCase {
  readonly tag: 'denied';
  readonly val: Denial;
}

/** What a guest reads beside the reason code. Fixed texts: nothing of the policy, the host or the request is in them. */
export const HINTS: Readonly<Record<DenialReason, string>> = {
  'no-rule': 'no rule allows this action on this resource; give the decision id to the operator',
  'forbidden-by-rule': 'a rule forbids this action on this resource',
  'not-approved': 'this action needs the approval of a person',
  'budget-exhausted': 'a budget for this action is used up',
  'address-forbidden': 'the name leads to an address that may not be reached',
  'protected-resource': 'this resource is protected by the host',
  'invalid-request': 'the request is not in a form that can be decided on',
  'not-served': 'the host does not serve this interface to this agent',
  'unsupported-obligation': 'the policy asks for something that this capability cannot do',
  'policy-unavailable': 'the policy could not be evaluated',
  'audit-unavailable': 'the audit record could not be written',
};
