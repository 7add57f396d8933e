import type { RuleRef } from '../contracts/decision.ts';
import type { Protection } from '../contracts/request.ts';

/** Whether the host's own protection of a resource holds against the rules that allow it. */
export function isProtected(protection: Protection | undefined, rules: readonly RuleRef[]): boolean {
  switch (protection) {
    case undefined:
      return false;
    case 'unless-named':
      return !rules.some(({ namesHost }) => namesHost);
    case 'always':
      return true;
  }
}
