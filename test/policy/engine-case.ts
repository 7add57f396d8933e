import type { ConditionInput } from '../../host/policy/conditions/clause.ts';
import type { Engine, EngineAnswer, EngineRequest } from '../../host/policy/engine.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { cellsOf, compileRule, createCellCompiler, type Rule } from '../../host/policy/rule.ts';
import { CONTEXT, VOCABULARY } from './fixture.ts';

/** The agent of every case, and its roles. */
export const SUBJECTS = ['agent:a', 'role:x', 'role:any'];

const compiler = createCellCompiler(VOCABULARY);

/** A rule from its cells, without the `p`. */
export const rule = (id: string, text: string): Rule => compileRule({ id, cells: cellsOf(text) }, compiler);

export const ask = (action: string, resource: string, subject = 'agent:a'): EngineRequest => ({
  subject,
  action,
  resource,
  parts: splitCanonical(resource)!,
});

const NOTHING: ConditionInput = { context: CONTEXT, attributes: new Map() };

/** Both steps of an engine at once. */
export const decideWith = (
  engine: Engine,
  request: EngineRequest,
  rules: readonly Rule[],
  input = NOTHING,
): EngineAnswer => engine.prepare(request, rules)(input);

/** Whether the request is allowed, and the ids of the rules that the engine reports. */
export function outcome(...args: Parameters<typeof decideWith>): readonly [boolean, readonly string[]] {
  const { allowed, matched } = decideWith(...args);
  return [allowed, matched.map(({ id }) => id)];
}
