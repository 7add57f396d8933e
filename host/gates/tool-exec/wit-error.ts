import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import type { ToolFailure } from './tool-output.ts';

/** The variant `error` of `sallyport:agent/tool-exec`. */
export type ToolError =
  | DeniedCase
  | { readonly tag: 'invalid-arguments'; readonly val: string }
  | { readonly tag: ToolFailure }
  | { readonly tag: 'internal' };

/** The value of a call, or its WIT error, thrown. */
export function toolAnswer<Value>(enforced: Enforced<Value, ToolFailure>): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'failed':
      return throwWit({ tag: enforced.failure } satisfies ToolError);
    case 'denied':
      return throwWit({ tag: 'denied', val: enforced.denial } satisfies ToolError);
    case 'refused':
      return throwWit({ tag: 'invalid-arguments', val: enforced.text } satisfies ToolError);
    case 'fault':
      return throwWit({ tag: 'internal' } satisfies ToolError);
  }
}
