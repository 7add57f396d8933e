import type { HttpFailureCode } from '../contracts/http-service.ts';
import { StreamFailure } from './stream-failure.ts';

/** The payloads of `error-code`, in the cases that the host gives: each says nothing. */
type ErrorCode =
  | { readonly tag: HttpFailureCode }
  | { readonly tag: 'DNS-error'; readonly val: { readonly rcode: undefined; readonly infoCode: undefined } };

/** The variant `error-code` of `wasi:http/types`. */
export function errorCodeOf(code: HttpFailureCode): ErrorCode {
  return code === 'DNS-error' ? { tag: code, val: { rcode: undefined, infoCode: undefined } } : { tag: code };
}

/** What a stream of a body fails with. */
export const bodyFailure = (code: HttpFailureCode): StreamFailure => new StreamFailure('http', errorCodeOf(code));
