import { hash } from 'node:crypto';
import type { AccessRequest, Json } from '../contracts/request.ts';
import { requestDigest } from './request-digest.ts';

/** What of a request people are shown. The payload is read once: a gate makes it when it is asked for. */
export interface AskedRequest {
  readonly summary: { readonly [key: string]: Json };
  readonly payload?: { readonly [key: string]: Json };
  /** SHA-256, hex, over the decided request and the payload: what summaries leave out, the parameters of a statement, counts. */
  readonly digest: string;
}

export function askedRequest(request: AccessRequest<unknown>): AskedRequest {
  const { summary, payload } = request;
  const digest = hash('sha256', JSON.stringify([requestDigest(request), payload ?? null]), 'hex');
  return { summary, ...(payload === undefined ? {} : { payload }), digest };
}
