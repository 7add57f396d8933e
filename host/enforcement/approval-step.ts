import type { ApprovalAnswer, Approvals } from '../contracts/approval.ts';
import type { AuditEntry } from '../contracts/audit-record.ts';
import type { RequireApproval } from '../contracts/decision.ts';
import type { Ids } from '../contracts/ids.ts';
import type { AccessRequest, Json } from '../contracts/request.ts';
import { askedRequest } from './approval-digest.ts';
import type { DecisionEvent } from './effect-state.ts';
import { recordedObligations } from './recorded-obligations.ts';
import { requestDigest } from './request-digest.ts';
import { shownOf } from './shown-request.ts';

/**
 * How the asking ended. `unrecorded`: question or answer could not be written down, so nothing may happen. `outdated`: they
 * said yes, and were shown another label than the request has by now.
 */
export type ApprovalEnd =
  | { readonly status: 'granted'; readonly question: string }
  | { readonly status: 'outdated' }
  | { readonly status: 'refused'; readonly detail: { readonly [key: string]: Json } }
  | { readonly status: 'unrecorded'; readonly id: string };

/** What the step needs of the pipeline that it is part of. */
export interface ApprovalStepParts {
  readonly approvals: Approvals;
  readonly ids: Ids;
  /** Undefined where the record could not be written. */
  readonly append: (entry: AuditEntry) => number | undefined;
  readonly who: () => Partial<AuditEntry>;
  /** The label of what would be touched. */
  readonly labelOf: (request: AccessRequest<unknown>) => string | undefined;
  readonly observe: (event: DecisionEvent) => void;
}

/** Asks people about one request. Question and answer are in the record before anything happens. */
export type AskPeople = (request: AccessRequest<unknown>, asked: RequireApproval) => Promise<ApprovalEnd>;

/** Makes the fourth step of `order.ts` for one run. */
export function createApprovalStep(parts: ApprovalStepParts): AskPeople {
  const { approvals, ids, append, who, labelOf, observe } = parts;
  return async (request, { rules, obligations, policy }) => {
    const id = ids.decision();
    const [{ action, resource }] = request.accesses;
    const { summary, payload, digest } = askedRequest(request);
    const names = rules.map((rule) => rule.id);
    const terms = obligations.approval;
    const label = labelOf(request);
    const question = append({
      type: 'approval.asked',
      ...who(),
      ...shownOf(request, requestDigest(request)),
      action,
      resource,
      decision: { effect: 'approve', id, rules: names, ...recordedObligations(obligations) },
      policy,
      detail: { digest },
    });
    if (question === undefined) return { status: 'unrecorded', id };
    observe({ action, resource, effect: 'approve', id, detail: { roles: terms.roles, ttlMs: terms.ttlMs } });
    const answer = await approvals.ask({
      decision: id,
      accesses: request.accesses.map((access) => ({ action: access.action, resource: access.resource })),
      summary,
      ...(payload === undefined ? {} : { payload }),
      ...(request.partial === true ? { partial: true } : {}),
      digest,
      policy,
      rules: names,
      terms,
      ...(label === undefined ? {} : { label }),
    });
    const recorded = append({ type: 'approval.answered', detail: { asked: question, ...detailOf(answer) } });
    if (recorded === undefined) return { status: 'unrecorded', id };
    if (answer.status !== 'granted') return { status: 'refused', detail: { approval: detailOf(answer) } };
    // What people saw is what happens: a gate gives the same value twice, or it is a fault of the host.
    if (askedRequest(request).digest !== digest)
      return { status: 'refused', detail: { approval: { status: 'request-changed' } } };
    return labelOf(request) === label ? { status: 'granted', question: answer.question } : { status: 'outdated' };
  };
}

const detailOf = (answer: ApprovalAnswer): { readonly [key: string]: Json } => ({ ...answer });
