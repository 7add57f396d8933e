/** What one gate asks of the policy: a canonical request. Everything here is decided on exactly as it stands. */

/** A value that a rule can test as `arg.NAME`. A list is tested by every member. */
export type Attribute = string | number | boolean | readonly (string | number | boolean)[];

/** Attributes by name. A `Map`, because guests choose names. */
export type Attributes = ReadonlyMap<string, Attribute>;

/**
 * What the host protects whatever the policy says. `unless-named`: lifted by an allow rule that names the very resource,
 * without a wildcard. `always`: by nothing.
 */
export type Protection = 'unless-named' | 'always';

/** One thing that an effect touches. */
export interface Access {
  /** For instance `http:GET`, `fs:read`, `db:select`, `tool:call`. */
  readonly action: string;
  /** A canonical URI, path or `name:path`: the text that resource patterns are matched against. */
  readonly resource: string;
  readonly attributes: Attributes;
  readonly protection?: Protection;
  /** The label that rules test: of what is read, or of what would flow out. Set by the pipeline, and by no gate. */
  readonly label?: string;
}

/** The capabilities that have a gate. */
export type Capability = 'http' | 'fs' | 'db' | 'tool' | 'log' | 'policy' | 'net';

/** JSON as it stands in an audit record. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A canonical request of one gate. `target` is the value that the driver will perform: it is built once, in the gate's
 * `request.ts`, and never parsed again.
 */
export interface AccessRequest<Target> {
  readonly capability: Capability;
  /** All of them must be allowed. The first names the effect in the record. */
  readonly accesses: readonly [Access, ...Access[]];
  readonly target: Target;
  /** What the audit record shows of the request: sizes, names and digests, never bodies or secrets. At most 1 KiB. */
  readonly summary: { readonly [key: string]: Json };
  /** The payload itself, written only where a rule says `log=full`. */
  readonly payload?: { readonly [key: string]: Json };
  /** Some of what it carries is neither in summary nor payload, by value or digest: a body that is still to come. */
  readonly partial?: true;
}

/** Why a request could not be brought into canonical form. The text is fixed by the gate and safe for the guest. */
export interface Refusal {
  readonly refused: string;
  /** The action that was asked for, for the record. */
  readonly action: string;
}

/** What a parser answers. */
export type Parsed<Target> = AccessRequest<Target> | Refusal;

export const isRefusal = <Target>(parsed: Parsed<Target>): parsed is Refusal => 'refused' in parsed;

/** No attributes; shared. */
export const NO_ATTRIBUTES: Attributes = new Map();
