import type { CostSource } from '../contracts/budget.ts';
import type { LabelRef, Obligations, RuleRef } from '../contracts/decision.ts';
import { HostError } from '../contracts/errors.ts';

declare const grantBrand: unique symbol;

/**
 * Permission for one effect. Opaque: outside this file nobody can make a value of this type, and none but the authority
 * that minted it can open it, once.
 */
export interface Grant<Target> {
  readonly [grantBrand]: Target;
}

/** What a grant holds: exactly what was decided. */
export interface Claim<Target> {
  readonly target: Target;
  /** SHA-256 over the canonical request, hex. */
  readonly digest: string;
  /** The policy generation under which it was decided. */
  readonly generation: number;
  readonly decisionId: string;
  readonly rules: readonly RuleRef[];
  readonly obligations: Obligations;
  /** Takes room for bytes from the budgets of the rules, before they move. False: they must not move. */
  readonly takeBytes: (bytes: number) => boolean;
  /** Where the effect says what it cost, if the configuration knows such a place. */
  readonly costSource?: CostSource | undefined;
  /** Tells what stood there, as it was written. The first counts. */
  readonly reportCost: (written: string) => void;
  /** What the run has read so far, this effect included; it travels with what flows out. */
  readonly label?: LabelRef;
  /**
   * Whether what was decided still stands: for an effect that goes on, before each of its steps. It is decided again
   * where the policy has changed since, and no longer stands once a record could not be written.
   */
  readonly stands: () => boolean;
}

/** Opens a grant. Throws `ERR_GRANT` for anything but a live grant of the same authority; each opens once. */
export type Redeem = <Target>(grant: Grant<Target>) => Claim<Target>;

/** Seals and opens grants. Only the pipeline holds `mint`; drivers are given `redeem`. */
export interface GrantAuthority {
  mint<Target>(claim: Claim<Target>): Grant<Target>;
  /** Makes a grant worthless that was not used: its effect is over. */
  revoke(grant: Grant<unknown>): void;
  readonly redeem: Redeem;
}

/** What a grant really is: nobody outside this file can name the class, and its claim cannot be read without it. */
class SealedGrant {
  readonly #authority: object;
  #claim: Claim<unknown> | undefined;

  constructor(authority: object, claim: Claim<unknown>) {
    this.#authority = authority;
    this.#claim = claim;
    Object.freeze(this);
  }

  /** The claim, once, for the authority that made it. */
  static open(grant: unknown, authority: object): Claim<unknown> | undefined {
    if (typeof grant !== 'object' || grant === null || !(#claim in grant) || grant.#authority !== authority)
      return undefined;
    const claim = grant.#claim;
    grant.#claim = undefined;
    return claim;
  }
}

/** One authority for one run. Its grants are worthless to any other. */
export function createGrantAuthority(): GrantAuthority {
  const authority = Object.freeze({});
  return Object.freeze({
    mint<Target>(claim: Claim<Target>): Grant<Target> {
      // The brand exists only in the type, so the cast is the one place where a grant comes into being.
      return new SealedGrant(authority, claim) as unknown as Grant<Target>;
    },
    revoke: (grant: Grant<unknown>) => void SealedGrant.open(grant, authority),
    redeem<Target>(grant: Grant<Target>): Claim<Target> {
      const claim = SealedGrant.open(grant, authority);
      if (claim === undefined) throw new HostError('ERR_GRANT', 'not a live grant: forged, foreign or used before');
      return claim as Claim<Target>; // `mint` sealed the claim of this very grant, so its target has the grant's type
    },
  });
}
