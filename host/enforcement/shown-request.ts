import type { AuditEntry } from '../contracts/audit-record.ts';
import type { Obligations } from '../contracts/decision.ts';
import type { AccessRequest, Json } from '../contracts/request.ts';

/** Masks a payload by the detectors of a rule. */
export type MaskPayload = (names: readonly string[], payload: Payload) => Payload;
type Payload = NonNullable<AccessRequest<unknown>['payload']>;

/** What must be masked is masked in the record too; where nobody can, it has no payload. */
function payloadOf({ payload }: AccessRequest<unknown>, { redact }: Pick<Obligations, 'redact'>, mask?: MaskPayload) {
  return payload === undefined || redact === undefined ? payload : mask?.(redact, payload);
}

/** What the record shows of a request: always its digest and summary; the payload only where a rule asks for it. */
export function shownOf(
  request: AccessRequest<unknown>,
  digest: string,
  obligations: Pick<Obligations, 'log' | 'redact'> = {},
  mask?: MaskPayload,
): Partial<AuditEntry> {
  const payload = obligations.log === 'full' ? payloadOf(request, obligations, mask) : undefined;
  const full: Record<string, Json> = payload === undefined ? {} : { payload };
  const accesses = request.accesses.map(({ action, resource }) => ({ action, resource }));
  return {
    request: { ...request.summary, ...full, digest }, // last: no gate can put another in its place
    ...(accesses.length > 1 ? { accesses } : {}),
  };
}
