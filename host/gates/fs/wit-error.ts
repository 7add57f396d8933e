import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import type { FsFailure } from './files.ts';
import type { LinkFound } from './link-leads.ts';

/** The variant `error` of `sallyport:agent/fs`. */
export type FsError =
  | DeniedCase
  | { readonly tag: 'invalid-path'; readonly val: string }
  | { readonly tag: FsFailure }
  | { readonly tag: 'internal' };

/** The value of a call, or its WIT error, thrown. */
export function fsAnswer<Value>(enforced: Enforced<Value, FsFailure | LinkFound>): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'failed':
      // A link where there was none a moment ago: names change while they are decided, and nothing was done.
      return throwWit({
        tag: typeof enforced.failure === 'string' ? enforced.failure : 'not-a-file',
      } satisfies FsError);
    case 'denied':
      return throwWit({ tag: 'denied', val: enforced.denial } satisfies FsError);
    case 'refused':
      return throwWit({ tag: 'invalid-path', val: enforced.text } satisfies FsError);
    case 'fault':
      return throwWit({ tag: 'internal' } satisfies FsError);
  }
}
