import type { Rule } from './rule.ts';

/** Something that is probably not what was meant. */
export interface LintFinding {
  readonly message: string;
  /** What a policy must not have: with such a finding it is not put in force while agents run. */
  readonly severity?: 'error';
  /** The rows that mend it: to be added, or to be written in place of the one that is warned of. */
  readonly mend?: readonly string[];
}

/** A rule of the policy with its place. */
export interface LintedRule {
  /** Its place in the policy. */
  readonly order: number;
  readonly line: number;
  readonly rule: Rule;
}
