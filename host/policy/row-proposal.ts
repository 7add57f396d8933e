import type { Decision } from '../contracts/decision.ts';
import type { RunFacts } from '../contracts/principal.ts';
import type { Access } from '../contracts/request.ts';
import { argumentCondition } from './argument-condition.ts';
import { CellError } from './cell-error.ts';
import { findingText, type ClauseFinding } from './mismatch.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { matchesResource, parseResourcePattern } from './resource-pattern.ts';
import { splitCanonical } from './resource-parts.ts';
import { createCellCompiler } from './rule.ts';
import { suggestion } from './spelling.ts';
import { capabilityOf } from './vocabulary.ts';

/** What an operator could do about a denial. */
export interface Proposal {
  /** The row of `policy.csv` that would allow the access; absent if it is allowed, or if no row could. */
  readonly lineToAdd?: string;
  /** Why there is no row, or what to know about it. */
  readonly note?: string;
}

/** What stands against an access. */
export interface Objection {
  readonly decision: Decision;
  /** The deny rows that match. */
  readonly denying: readonly { readonly line: number; readonly clauses: readonly ClauseFinding[] }[];
  /** Whether some allow row matches all the same. */
  readonly allowed: boolean;
  /** Those of the run. */
  readonly facts: RunFacts;
}

/** What would allow a denied access. */
export function proposeRow(snapshot: PolicySnapshot, agent: string, access: Access, objection: Objection): Proposal {
  const { decision, denying, allowed, facts } = objection;
  if (decision.effect === 'allow') return {};
  const proposal = narrowestRow(snapshot, agent, access, facts);
  if (denying.length === 0) return proposal;
  const more = allowed || proposal.lineToAdd === undefined ? '' : `; it needs a row besides: \`${proposal.lineToAdd}\``;
  return { note: `${denyingText(denying)}${more}` };
}

function denyingText(denying: Objection['denying']): string {
  const lines = denying.map(({ line }) => line).join(', ');
  const undecided = denying
    .flatMap(({ clauses }) => clauses)
    .filter(({ verdict }) => verdict === 'undecided')
    .flatMap((finding) => findingText(finding) ?? []);
  const who = denying.length === 1 ? `line ${lines} denies it` : `lines ${lines} deny it`;
  const why = undecided.length === 0 ? '' : ` (${undecided.join(', ')}; a deny row holds where it cannot be decided)`;
  return `${who}${why}, and a deny row overrides every allow row: no row that is added can allow it`;
}

/**
 * The narrowest row that allows an access: this agent, this action, this resource, these arguments; under a model whose
 * rows name facts of a run, these facts.
 */
export function narrowestRow(snapshot: PolicySnapshot, agent: string, access: Access, facts: RunFacts = {}): Proposal {
  if (!snapshot.actions.includes(access.action)) {
    const same = snapshot.actions.filter((known) => capabilityOf(known) === capabilityOf(access.action));
    return {
      note: `no gate asks for the action \`${access.action}\`${suggestion(access.action, same.length > 0 ? same : snapshot.actions)}`,
    };
  }
  const pattern = literalPattern(access.resource);
  if (pattern === undefined)
    return { note: `\`${access.resource}\` is not a resource in canonical form, so no row can match it` };
  const { when, open, loose } = conditionOf(snapshot, access, pattern);
  const lead = snapshot.layout.lead(facts);
  if (lead === undefined) return { note: 'a row of this model names facts of the run that this run does not have' };
  const held = createCellCompiler(snapshot.words).condition(lead.join(' ') || '-', () => false);
  if (held.test({ context: { ...facts, nowMs: 0 }, attributes: new Map() }) !== true)
    return { note: `the model holds every row to \`${held.text}\`, and this run is not like that` };
  const lineToAdd = lineFor(snapshot, [agent, access.action, pattern], lead, when);
  if (lineToAdd === undefined) return { note: `no row of this model (\`${snapshot.layout.rule.form}\`) can say that` };
  const notes = [
    ...(pattern === access.resource
      ? []
      : ['the resource has characters that a row cannot hold; `*` stands for them, and for others in their place']),
    ...(loose.length === 0 ? [] : [`in ${named(loose)} a \`*\` stands for characters that a row cannot hold`]),
    ...(open.length === 0 ? [] : [`the row does not test ${named(open)}`]),
  ];
  return notes.length === 0 ? { lineToAdd } : { lineToAdd, note: notes.join('; ') };
}

/** The row as the file would have it, with its arguments where the model has a place for them. */
function lineFor(
  { layout }: PolicySnapshot,
  [agent, action, pattern]: readonly [string, string, string],
  lead: readonly string[],
  when: string,
): string | undefined {
  const clauses = [...lead, ...(when === '-' ? [] : [when])].join(' ');
  return layout.write([agent, action, pattern, clauses === '' ? '-' : clauses, 'allow', '-']);
}

const named = (names: readonly string[]): string => names.map((name) => `\`arg.${name}\``).join(' ');

/** The row is held to what the request is about besides its resource; sizes and ranges are not that. */
function conditionOf(
  snapshot: PolicySnapshot,
  { action, attributes }: Access,
  pattern: string,
): ReturnType<typeof argumentCondition> {
  const told = [...attributes].filter(([name]) => isSubstance(capabilityOf(action), name));
  return argumentCondition(snapshot, action, pattern, new Map(told));
}

/** Whether an attribute is a part of what is asked for, and neither said by the resource nor a size. */
function isSubstance(capability: string, name: string): boolean {
  switch (capability) {
    case 'http':
      return name.startsWith('query.');
    case 'fs':
      return false;
    default:
      return true;
  }
}

/** What a cell or a pattern cannot hold as it is. */
const UNWRITABLE = /[\s\p{Cc}\p{Cf}\p{Cs}\p{DI}\u2800\uFFFD,'"`*?{}\\]+/gu;

/** The pattern that matches one resource, and as little else as can be written; `undefined` if there is none. */
export function literalPattern(resource: string): string | undefined {
  const given = splitCanonical(resource);
  if (given === undefined) return undefined;
  const start = given.at.path;
  let path = resource.slice(start).replace(UNWRITABLE, '*');
  if (given.head === 'db:')
    path = path.replace(/%[0-9A-F]{2}|\p{Lu}+/gu, (found) => (found.startsWith('%') ? found : '*'));
  const pattern = resource.slice(0, start) + path.replace(/\*{2,}/g, '*');
  try {
    return matchesResource(parseResourcePattern(pattern), given) ? pattern : undefined;
  } catch (error) {
    if (error instanceof CellError) return undefined;
    throw error;
  }
}
