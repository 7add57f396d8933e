import type { PolicySnapshot } from './policy-snapshot.ts';
import { parseResourcePattern, matchesResource } from './resource-pattern.ts';
import { splitCanonical, type ResourceParts } from './resource-parts.ts';
import { shorter, type GroupedRule, type LintBudget, type RulePlace } from './rule-group.ts';
import type { RuleIndex } from './rule-index.ts';
import { ruleLine, type Rule } from './rule.ts';
import type { LintedRule, LintFinding } from './lint-finding.ts';
import { ANY_ROLE } from './role-graph.ts';
import { actionMatches, capabilityOf } from './vocabulary.ts';

/** Finds what a deny row leaves open although it looks as if it did not: the folder itself, and other spellings. */
export type DenyGaps = (own: LintedRule) => Iterable<LintFinding>;

/** One spelling of what a deny row forbids, and the resource cell that would forbid it as well, if one can. */
interface Spelling {
  readonly resource: string;
  readonly cell: string | undefined;
}

/** Actions on a folder itself; reading or writing one is no effect. */
const FOLDER_ACTIONS = ['fs:list', 'fs:stat', 'fs:create', 'fs:remove', 'fs:rename'];

/** The row that allows a resource to agents of a deny row; `undefined` if none does or another row denies it. */
export type FindAllowing = (own: Rule, action: string, resource: string) => LintedRule | undefined;

/** Makes the search. A gap is only told where some row allows what is in it to an agent that the deny row concerns. */
export function createDenyGaps(known: readonly string[], allowing: FindAllowing): DenyGaps {
  return function* gaps({ rule }: LintedRule): Generator<LintFinding> {
    if (rule.effect !== 'deny') return;
    const capability = capabilityOf(rule.action);
    const actions = known.filter((action) => actionMatches(action, rule.action));
    const open = (spellings: readonly Spelling[], those: readonly string[]) =>
      spellings.flatMap((spelling) => {
        const line = those
          .map((action) => allowing(rule, action, spelling.resource))
          .find((found) => found !== undefined);
        return line === undefined ? [] : [{ ...spelling, line: line.line }];
      });
    const folder = open(
      folderOf(rule),
      capability === 'fs' ? actions.filter((name) => FOLDER_ACTIONS.includes(name)) : actions,
    );
    const [first] = folder;
    if (first !== undefined)
      yield {
        message: `this row does not deny \`${first.resource}\` itself, and line ${first.line} allows that`,
        ...mendOf(rule, folder),
      };
    const others = capability === 'http' ? open(spellingsOf(rule), actions) : [];
    const [other] = others;
    if (other === undefined) return;
    const names = others.map(({ resource }) => `\`${resource}\``).join(' ');
    yield {
      message: `line ${other.line} allows other spellings of what this row denies, which servers may take for the same: ${names}; allow what is needed instead of denying what is not`,
      ...mendOf(rule, others),
    };
  };
}

/** The same row with other resource cells. */
function mendOf({ cells }: Rule, spellings: readonly Spelling[]): Pick<LintFinding, 'mend'> {
  const [who, action, , when, effect, then] = cells;
  const mend = spellings.flatMap(({ cell }) =>
    cell === undefined ? [] : [ruleLine([who, action, cell, when, effect, then])],
  );
  return mend.length === 0 ? {} : { mend };
}

/** What `/x/**` leaves out. */
function folderOf({ resource: { text, parts } }: Rule): readonly Spelling[] {
  if (!text.endsWith('/**') || parts.path.length < 2 || parts.head === 'db:') return [];
  const cell = text.slice(0, -'/**'.length);
  const resource = sampleOf(parseResourcePattern(cell).parts);
  return resource === undefined ? [] : [{ resource, cell }];
}

/** A doubled slash, another case, a slash at the end: what WHATWG URL keeps apart and servers often do not. */
function spellingsOf({ resource: { text, parts } }: Rule): readonly Spelling[] {
  const sample = sampleOf(parts);
  const [first = ''] = parts.path;
  if (sample === undefined || first === '' || first === '**') return [];
  const start = sample.length - parts.path.map(filled).join('/').length;
  const [head, path] = [sample.slice(0, start), sample.slice(start)];
  const folded = path.replace(/\p{Ll}/u, (letter) => letter.toUpperCase());
  return [
    { resource: `${head}/${path}`, cell: `${text.slice(0, parts.at.path)}**/${text.slice(parts.at.path)}` },
    ...(first.includes('*') || folded === path ? [] : [{ resource: head + folded, cell: undefined }]),
    ...(text.endsWith('/') ? [{ resource: sample.slice(0, -1), cell: text.slice(0, -1) }] : []),
    ...(/(?:\*\*|\/)$/.test(text) ? [] : [{ resource: `${sample}/`, cell: `${text}/` }]),
  ];
}

const filled = (segment: string): string => (segment === '**' ? 'x' : segment.replaceAll('*', 'x'));

/** A resource that a pattern matches, its wildcards filled in. */
function sampleOf(parts: ResourceParts): string | undefined {
  const { text, host, at, path } = parts;
  if (at.host < 0) return parts.origin + (parts.head === '' ? '/' : '') + path.map(filled).join('/');
  const name = host.replace(/^\*\*?(?=\.)/, 'x').replace(/^\*\*?$/, 'host.test');
  return `${text.slice(0, at.host)}${name}${text.slice(at.host + host.length, at.path)}${path.map(filled).join('/')}`;
}

/** Finds such rows among the rules of a policy. */
export function createFindAllowing(
  snapshot: PolicySnapshot,
  index: RuleIndex<RulePlace>,
  budget: LintBudget,
): FindAllowing {
  const sharers = createSharers(snapshot);
  const known = new Map<RulePlace, Map<string, Shared>>();

  /** What the rules of a place do to agents that have a subject. */
  function sharedAt(place: RulePlace, subject: string): Shared {
    if (subject === ANY_ROLE) return place;
    const own = known.get(place) ?? new Map<string, Shared>();
    known.set(place, own);
    const found = own.get(subject) ?? sharedBy(place, sharers(subject), budget);
    own.set(subject, found);
    return found;
  }

  return (own, action, resource) => {
    const parts = splitCanonical(resource);
    if (parts === undefined) return undefined;
    let first: LintedRule | undefined;
    for (const place of index.candidates(action, parts)) {
      if (budget.left-- <= 0) return undefined;
      if (!actionMatches(action, place.action) || !matchesResource(place.resource, parts)) continue;
      const { denies, allow } = sharedAt(place, own.subject);
      // A row with a condition may deny it too, and who can say when: then nothing is told.
      if (denies) return undefined;
      if (allow !== undefined && (first === undefined || allow.order < first.order)) first = allow;
    }
    return first;
  };
}

/** What rules do to certain agents: whether one denies, and the first that allows. */
type Shared = Pick<RulePlace, 'denies' | 'allow'>;

function sharedBy({ groups }: RulePlace, subjects: ReadonlySet<string>, budget: LintBudget): Shared {
  let denies = false;
  let first: GroupedRule | undefined;
  for (const name of shorter(subjects, groups)) {
    if (budget.left-- <= 0) break;
    const group = subjects.has(name) ? groups.get(name) : undefined;
    if (group === undefined) continue;
    const { allow } = group;
    denies ||= group.denies;
    if (allow !== undefined && (first === undefined || allow.order < first.order)) first = allow;
  }
  return { denies, allow: first };
}

/**
 * Finds the subjects that some agent has beside one. An agent that the policy does not name has `role:any` and what that
 * has.
 */
function createSharers({ subjects, links, roles }: PolicySnapshot): (subject: string) => ReadonlySet<string> {
  let agents: Map<string, Set<string>> | undefined;
  const found = new Map<string, ReadonlySet<string>>();
  const agentsBySubject = (): Map<string, Set<string>> => {
    const reached = new Map<string, Set<string>>();
    const named = [...links.map(([member]) => member), ...subjects];
    for (const agent of new Set([STRANGER, ...named.filter((subject) => subject.startsWith('agent:'))]))
      for (const subject of roles.closure(agent)) {
        const own = reached.get(subject);
        if (own === undefined) reached.set(subject, new Set([agent]));
        else own.add(agent);
      }
    return reached;
  };
  return (subject) => {
    const known = found.get(subject);
    if (known !== undefined) return known;
    agents ??= agentsBySubject();
    const beside = new Set([subject, ANY_ROLE]);
    for (const agent of agents.get(subject) ?? []) {
      for (const other of roles.closure(agent)) beside.add(other);
      if (beside.size >= agents.size) break; // there are no others
    }
    found.set(subject, beside);
    return beside;
  };
}

const STRANGER = 'agent:?';
