import { hash } from 'node:crypto';
import type { AccessRequest } from '../contracts/request.ts';

/**
 * SHA-256, hex, over what was decided: every access with its attributes by name, and the summary. The text is made of
 * arrays, which have one order, so it needs no sorting but that of names that guests choose.
 */
export function requestDigest(request: AccessRequest<unknown>): string {
  const accesses = request.accesses.map(({ action, resource, attributes }) => {
    const named =
      attributes.size < 2 ? [...attributes] : [...attributes].sort(([one], [other]) => (one < other ? -1 : 1));
    return [action, resource, named];
  });
  return hash('sha256', JSON.stringify([accesses, Object.entries(request.summary)]), 'hex');
}
