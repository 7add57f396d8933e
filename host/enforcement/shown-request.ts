import type { AuditEntry } from '../contracts/audit-record.ts';
import type { Obligations } from '../contracts/decision.ts';
import type { AccessRequest, Json } from '../contracts/request.ts';

/** What the record shows of a request: always its digest and summary; the payload only where a rule asks for it. */
export function shownOf(
  request: AccessRequest<unknown>,
  digest: string,
  obligations: Pick<Obligations, 'log'> = {},
): Partial<AuditEntry> {
  const full: Record<string, Json> = obligations.log === 'full' && request.payload ? { payload: request.payload } : {};
  const accesses = request.accesses.map(({ action, resource }) => ({ action, resource }));
  return {
    request: { ...request.summary, ...full, digest }, // last: no gate can put another in its place
    ...(accesses.length > 1 ? { accesses } : {}),
  };
}
