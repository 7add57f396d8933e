import { throwWit } from '../../contracts/guest-import.ts';
import type { DeniedCase } from '../../contracts/denial.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import type { NetworkFailure } from './dialer.ts';

/** Why a driver could not get an answer: the cases of `error` that carry nothing. */
export type HttpFailure = NetworkFailure | 'name-not-resolved' | 'redirect-refused';

/** A failure, and how far the request had come. */
export interface DriverFailure {
  readonly tag: HttpFailure;
  /** False if no byte of the request left. */
  readonly sent: boolean;
}

/** The variant `error` of `wit/http.wit`. */
export type HttpError =
  DeniedCase | { readonly tag: 'invalid-request'; readonly val: string } | { readonly tag: HttpFailure | 'internal' };

/** The value of an effect that took place; throws the WIT error of any other. */
export function valueOrThrow<Value>(enforced: Enforced<Value, DriverFailure>): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'failed':
      return throwHttpError({ tag: enforced.failure.tag });
    case 'denied':
      return throwHttpError({ tag: 'denied', val: enforced.denial });
    case 'refused':
      return throwHttpError({ tag: 'invalid-request', val: enforced.text });
    case 'fault':
      return throwHttpError({ tag: 'internal' });
  }
}

/** Throws an error of `wit/http.wit` in the way the glue expects. */
export const throwHttpError = (error: HttpError): never => throwWit(error satisfies HttpError);
