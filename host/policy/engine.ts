import type { ConditionInput } from './conditions/clause.ts';
import type { ResourceParts } from './resource-parts.ts';
import type { Rule } from './rule.ts';

/** What an engine is asked: everything a row of the policy is held against, but for what changes from call to call. */
export interface EngineRequest {
  readonly subject: string;
  readonly action: string;
  readonly resource: string;
  /** The same resource, cut into parts. */
  readonly parts: ResourceParts;
}

/** The answer, with the rules that matched: all of them on an allow, those up to the first deny on a deny. */
export interface EngineAnswer {
  readonly allowed: boolean;
  readonly matched: readonly Rule[];
}

/** Decides one request under the facts and attributes of a call. Throws whatever goes wrong. */
export type Decide = (input: ConditionInput) => EngineAnswer;

/** Decides over the rules that it is given, in the order of the policy. */
export interface Engine {
  /**
   * Holds rules against a request, as far as the answer depends on nothing else; the decision itself is made at each call.
   * Throws for a request that is not made of strings.
   */
  prepare(request: EngineRequest, rules: readonly Rule[]): Decide;
}

/** Makes an engine of a model. `subjects` are the agent and all its roles. */
export type MakeEngine = (model: string, subjects: readonly string[]) => Engine;
