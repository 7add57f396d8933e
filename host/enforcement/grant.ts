import type { Obligations, RuleRef } from '../contracts/decision.ts';
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

/** One authority for one run. Its grants are worthless to any other. */
export function createGrantAuthority(): GrantAuthority {
  const live = new WeakMap<object, Claim<unknown>>();
  return Object.freeze({
    mint<Target>(claim: Claim<Target>): Grant<Target> {
      // The brand exists only in the type, so the cast is the one place where a grant comes into being.
      const grant = Object.freeze(Object.create(null)) as Grant<Target>;
      live.set(grant, claim);
      return grant;
    },
    revoke: (grant: Grant<unknown>) => void live.delete(grant),
    redeem<Target>(grant: Grant<Target>): Claim<Target> {
      const claim = live.get(grant);
      if (claim === undefined) throw new HostError('ERR_GRANT', 'not a live grant: forged, foreign or used before');
      live.delete(grant);
      return claim as Claim<Target>; // `mint` stored the claim of this very grant, so its target has the grant's type
    },
  });
}
