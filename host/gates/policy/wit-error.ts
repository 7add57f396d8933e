import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import type { Enforced } from '../../enforcement/effect.ts';

/** The variant `error` of `wit/policy.wit`. */
export type PolicyError = DeniedCase | { readonly tag: 'too-large' } | { readonly tag: 'internal' };

/** The value of an enforced call, or its error in the words of the interface. */
export function valueOrThrow<Value>(enforced: Enforced<Value, never>): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'denied':
      return throwWit({ tag: 'denied', val: enforced.denial } satisfies PolicyError);
    case 'refused':
      return throwWit({ tag: 'too-large' } satisfies PolicyError);
    case 'failed':
    case 'fault':
      return throwWit({ tag: 'internal' } satisfies PolicyError);
  }
}
