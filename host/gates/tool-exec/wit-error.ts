import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import type { ToolFailure } from './driver.ts';

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
      return throwWit<ToolError>({ tag: enforced.failure });
    case 'denied':
      return throwWit<ToolError>({ tag: 'denied', val: enforced.denial });
    case 'refused':
      return throwWit<ToolError>({ tag: 'invalid-arguments', val: enforced.text });
    case 'fault':
      return throwWit<ToolError>({ tag: 'internal' });
  }
}
