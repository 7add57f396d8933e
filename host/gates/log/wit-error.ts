import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import type { Enforced } from '../../enforcement/effect.ts';

/** The variant `error` of `wit/log.wit`. */
export type LogError = DeniedCase | { readonly tag: 'too-large' } | { readonly tag: 'internal' };

/** The value of an enforced call, or its error in the words of the interface. */
export function valueOrThrow<Value>(enforced: Enforced<Value, 'too-large'>): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'denied':
      return throwWit<LogError>({ tag: 'denied', val: enforced.denial });
    case 'refused':
    case 'failed':
      return throwWit<LogError>({ tag: 'too-large' });
    case 'fault':
      return throwWit<LogError>({ tag: 'internal' });
  }
}
