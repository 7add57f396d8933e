import type { Decision } from '../contracts/decision.ts';
import type { Access } from '../contracts/request.ts';
import { argumentCondition } from './argument-condition.ts';
import { CellError } from './cell-error.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { matchesResource, parseResourcePattern } from './resource-pattern.ts';
import { splitCanonical } from './resource-parts.ts';
import { ANY_ROLE } from './role-graph.ts';
import { suggestion } from './spelling.ts';
import { capabilityOf } from './vocabulary.ts';

/** What an operator could do about a denial. */
export interface Proposal {
  /** The row of `policy.csv` that would allow the access; absent if it is allowed, or if no row could. */
  readonly lineToAdd?: string;
  /** Why there is no row, or what to know about it. */
  readonly note?: string;
}

/** Proposes the narrowest row that allows a denied access. `denyingLine` is the line that forbids it, if one does. */
export function proposeRow(
  snapshot: PolicySnapshot,
  agent: string,
  access: Access,
  decision: Decision,
  denyingLine?: number,
): Proposal {
  if (decision.effect === 'allow') return {};
  if (denyingLine !== undefined)
    return {
      note: `line ${denyingLine} denies it, and a deny row overrides every allow row: no row that is added can allow it`,
    };
  if (!snapshot.actions.includes(access.action)) {
    const same = snapshot.actions.filter((known) => capabilityOf(known) === capabilityOf(access.action));
    return {
      note: `no gate asks for the action \`${access.action}\`${suggestion(access.action, same.length > 0 ? same : snapshot.actions)}`,
    };
  }
  const pattern = literalPattern(access.resource);
  if (pattern === undefined)
    return { note: `\`${access.resource}\` is not a resource in canonical form, so no row can match it` };
  const subject = snapshot.roles.direct(agent).find((role) => role !== ANY_ROLE) ?? agent;
  const { when, open } = conditionOf(snapshot, access, pattern);
  const lineToAdd = `p, ${subject}, ${access.action}, ${pattern}, ${when}, allow, -`;
  const notes = [
    ...(pattern === access.resource
      ? []
      : ['the resource has characters that a row cannot hold; `*` stands for them, and for others in their place']),
    ...(open.length === 0 ? [] : [`the row does not test ${open.map((name) => `\`arg.${name}\``).join(' ')}`]),
  ];
  return notes.length === 0 ? { lineToAdd } : { lineToAdd, note: notes.join('; ') };
}

/** A call of a tool is what its arguments make of it: the row tests them. Elsewhere the resource says what is touched. */
function conditionOf(
  snapshot: PolicySnapshot,
  { action, attributes }: Access,
  pattern: string,
): ReturnType<typeof argumentCondition> {
  if (capabilityOf(action) !== 'tool') return { when: '-', open: [] };
  return argumentCondition(snapshot, action, pattern, attributes);
}

/** What a cell or a pattern cannot hold as it is. */
const UNWRITABLE = /[\s\p{Cc}\p{Cf}\p{Cs},'"`*?{}\\]+/gu;

/** The pattern that matches one resource, and as little else as can be written; `undefined` if there is none. */
export function literalPattern(resource: string): string | undefined {
  const given = splitCanonical(resource);
  if (given === undefined) return undefined;
  const start = given.at.path;
  let path = resource.slice(start).replace(UNWRITABLE, '*');
  if (given.head === 'db:') path = path.replace(/\p{Lu}+/gu, '*');
  const pattern = resource.slice(0, start) + path.replace(/\*{2,}/g, '*');
  try {
    return matchesResource(parseResourcePattern(pattern), given) ? pattern : undefined;
  } catch (error) {
    if (error instanceof CellError) return undefined;
    throw error;
  }
}
