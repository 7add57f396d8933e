import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import { RunStop } from '../../contracts/run-stop.ts';
import type { Enforced } from '../../enforcement/effect.ts';

/** The variant `error` of `wit/log.wit`. */
export type LogError = DeniedCase | { readonly tag: 'too-large' } | { readonly tag: 'internal' };

/** The value of an enforced call, or its error in the words of the interface; the end of a run that has written enough. */
export function valueOrThrow<Value>(enforced: Enforced<Value, 'too-large'>, logBytes: number): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'denied':
      return throwWit({ tag: 'denied', val: enforced.denial } satisfies LogError);
    case 'refused':
      return throwWit({ tag: 'too-large' } satisfies LogError);
    case 'failed': {
      const message = `the agent wrote more than ${logBytes} bytes of log lines`;
      throw new RunStop({ kind: 'limit', limit: 'logBytes', message });
    }
    case 'fault':
      return throwWit({ tag: 'internal' } satisfies LogError);
  }
}
