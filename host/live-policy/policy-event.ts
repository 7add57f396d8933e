import type { HostErrorCode } from '../contracts/errors.ts';
import type { PolicyRef } from '../contracts/decision.ts';

/** What happens to the policy of a host while it is open. */
export type PolicyEvent =
  /** Another policy is in force. */
  | {
      readonly kind: 'policy.changed';
      readonly policy: PolicyRef;
      readonly previous: PolicyRef;
      /** Rows that are new, and rows that are gone. */
      readonly added: number;
      readonly removed: number;
    }
  /** The files do not hold a policy that can be put in force. `policy` is the one that stays. */
  | {
      readonly kind: 'policy.rejected';
      readonly policy: PolicyRef;
      readonly code: HostErrorCode;
      readonly message: string;
      /** Every problem, with file and line. */
      readonly problems: readonly string[];
    }
  /** The policy is in force, but its version could not be kept. */
  | { readonly kind: 'policy.not-kept'; readonly policy: PolicyRef; readonly message: string }
  /** Parts of the configuration have changed that a host takes up only when it is opened. */
  | { readonly kind: 'configuration.restart-needed'; readonly sections: readonly string[] };

/** How often the policy of a host was exchanged. Counters go up only. */
export interface PolicyStatus {
  readonly policy: PolicyRef;
  /** Policies that were put in force since the host was opened. */
  readonly changes: number;
  /** Policies that were not, because of a mistake in them. */
  readonly rejections: number;
  /** Versions that could not be kept. */
  readonly notKept: number;
  /** Whether the files hold something else than what is in force. */
  readonly stale: boolean;
}

/** What came of a reload. */
export type PolicyReload =
  | { readonly status: 'changed' | 'unchanged'; readonly policy: PolicyRef }
  | {
      readonly status: 'rejected';
      /** The one that stays in force. */
      readonly policy: PolicyRef;
      readonly code: HostErrorCode;
      readonly message: string;
      readonly problems: readonly string[];
    };
