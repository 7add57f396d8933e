/** Who acts, and why. */
export interface Principal {
  /** `agent:NAME`. */
  readonly agent: string;
  /** All roles that the policy gives the agent, `role:NAME`, sorted; `role:any` among them. */
  readonly roles: readonly string[];
  /** `user:NAME`, the person on whose behalf the agent runs. */
  readonly onBehalfOf?: string;
  /** SHA-256 of the component, `sha256:` and hex. */
  readonly component: string;
  /** The agents that called, one the next, the first of them first: `agent:NAME`. Their rules hold as well as its own. */
  readonly callers?: readonly string[];
}

/** The facts of one run that `when` clauses may test, apart from the request itself. */
export interface RunFacts {
  readonly purpose?: string;
  readonly environment?: string;
  readonly onBehalfOf?: string;
  /** The groups of that person, `group:NAME`; absent where the configuration names no groups. */
  readonly groups?: readonly string[];
}
