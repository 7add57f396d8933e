import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { PolicyRef } from '../contracts/decision.ts';
import { CASBIN, type EngineChoice } from '../contracts/engine-choice.ts';
import { DEFAULT_MODEL } from './default-model.ts';
import { readModelLayout } from './model/model-layout.ts';
import { SIX_COLUMNS, type RowLayout } from './model/row-layout.ts';
import { openPolicyFile, type SourceText } from './policy-file.ts';
import { createProblemList } from './problem-list.ts';
import { roleGraphSteps, type RoleGraph, type RoleLink } from './role-graph.ts';
import { checkRows } from './rule-check.ts';
import { createCellCompiler, subjectOf, type PlacedRule } from './rule.ts';
import { finish, finishGradually, type Pace, type Steps } from './steps.ts';
import { wordsOf, type Vocabulary, type Words } from './vocabulary.ts';

/** The texts of one policy set, already read. */
export interface PolicySource {
  readonly policy: SourceText;
  /** Optional: how the rows are read. Without it, they have the six columns. */
  readonly model?: SourceText;
}

/** The part of a policy that can concern one agent. Plain data: it is cloned into the cell. */
export interface PolicySlice {
  readonly agent: string;
  readonly ref: PolicyRef;
  /** The text of the Casbin model. */
  readonly model: string;
  /** Which engine decides by it. Every one answers the same, so the digest does not depend on it. */
  readonly deciding: EngineChoice;
  /** The agent and all its roles. */
  readonly subjects: readonly string[];
  readonly words: Words;
  /** The rules of these subjects in the order of the file, each as its cells joined by `, `. */
  readonly rows: readonly string[];
}

/** One loaded policy. Immutable: a reload makes another one. */
export interface PolicySnapshot {
  readonly ref: PolicyRef;
  readonly rules: readonly PlacedRule[];
  readonly links: readonly RoleLink[];
  /** Every action that a gate can ask for. */
  readonly actions: readonly string[];
  readonly words: Words;
  readonly isArgument: Vocabulary['isArgument'];
  readonly roles: RoleGraph;
  /** How the rows of its file are written. */
  readonly layout: RowLayout;
  /** Every subject that a rule names. */
  readonly subjects: readonly string[];
  /** All roles of an agent, sorted; `role:any` among them. */
  rolesOf(agent: string): readonly string[];
  /** The same policy under another number. */
  withGeneration(generation: number): PolicySnapshot;
  sliceFor(agent: string): PolicySlice;
  /** The same, with pauses. */
  sliceSteps(agent: string): Steps<PolicySlice>;
  /** The rules whose subject is the agent or one of its roles, in the order of the file. */
  rulesFor(agent: string): readonly PlacedRule[];
}

/** What a policy is loaded with. */
type LoadTerms = readonly [
  source: PolicySource,
  vocabulary: Vocabulary,
  generation: number,
  deciding?: EngineChoice | undefined,
  known?: PolicySnapshot | undefined,
];

/** Loads a policy. Throws `ERR_POLICY_INVALID` with every problem; nothing of a policy with a problem is in force. */
export const loadPolicy = (...terms: LoadTerms): PolicySnapshot => finish(loadSteps(...terms));

/** Loads a policy beside everything else that the thread does. Rejects as `loadPolicy` throws. */
export const loadPolicyGradually = (pace: Pace, ...terms: LoadTerms): Promise<PolicySnapshot> =>
  finishGradually(loadSteps(...terms), pace);

/**
 * The same, in steps. `known` is a policy that was loaded with the same actions and arguments: a row that it has as well is
 * not read again, unless the words are others, or a model says how rows are read.
 */
export function* loadSteps(
  ...[source, vocabulary, generation, deciding = CASBIN, known]: LoadTerms
): Steps<PolicySnapshot> {
  const problems = createProblemList();
  const words = wordsOf(vocabulary);
  const compiler = createCellCompiler(words);
  const layout = source.model === undefined ? SIX_COLUMNS : readModelLayout(source.model, compiler, problems);
  // Rows of an unknown layout cannot be judged.
  if (layout === undefined) return problems.raise();
  const file = yield* openPolicyFile(source.policy, layout, problems);
  const isKnown = known?.layout === layout && isDeepStrictEqual(known.words, words);
  const knownRules = yield* byRow(isKnown ? known.rules : []);
  const { rules, links } = yield* checkRows(file, { layout, vocabulary, compiler, knownRules }, problems);
  problems.throwIfAny();
  const ref: PolicyRef = Object.freeze({ digest: yield* digestOf(rules, links), generation });
  const isArgument: Vocabulary['isArgument'] = (...asked) => vocabulary.isArgument(...asked);
  const bySubject = yield* groupBySubject(rules);
  return createSnapshot({
    ref,
    rules,
    bySubject,
    links,
    roles: yield* roleGraphSteps(links),
    words,
    actions: [...vocabulary.actions],
    isArgument,
    deciding,
    layout,
  });
}

/** How many rules are handled in one step, where that is quick. */
const RULES_OF_A_STEP = 512;

function* byRow(rules: readonly PlacedRule[]): Steps<ReadonlyMap<string, PlacedRule>> {
  const found = new Map<string, PlacedRule>();
  for (const [index, rule] of rules.entries()) {
    if (index % RULES_OF_A_STEP === 0) yield;
    found.set(rule.row, rule);
  }
  return found;
}

function* groupBySubject(rules: readonly PlacedRule[]): Steps<ReadonlyMap<string, readonly PlacedRule[]>> {
  const bySubject = new Map<string, PlacedRule[]>();
  for (const [index, rule] of rules.entries()) {
    if (index % RULES_OF_A_STEP === 0) yield;
    const subject = subjectOf(rule.row);
    const own = bySubject.get(subject);
    if (own === undefined) bySubject.set(subject, [rule]);
    else own.push(rule);
  }
  return bySubject;
}

interface SnapshotParts {
  readonly ref: PolicyRef;
  readonly rules: readonly PlacedRule[];
  readonly bySubject: ReadonlyMap<string, readonly PlacedRule[]>;
  readonly links: readonly RoleLink[];
  readonly roles: RoleGraph;
  readonly words: Words;
  readonly actions: readonly string[];
  readonly isArgument: Vocabulary['isArgument'];
  readonly deciding: EngineChoice;
  readonly layout: RowLayout;
}

function createSnapshot(parts: SnapshotParts): PolicySnapshot {
  const { ref, rules, bySubject, links, roles, words, actions, isArgument, deciding, layout } = parts;
  const groupsFor = (agent: string): readonly (readonly PlacedRule[])[] =>
    roles.closure(agent).flatMap((subject) => {
      const own = bySubject.get(subject);
      return own === undefined ? [] : [own];
    });
  const rulesFor = (agent: string): readonly PlacedRule[] => {
    const [first = [], ...others] = groupsFor(agent);
    return others.length === 0 ? first : [first, ...others].flat().sort((a, b) => a.line - b.line);
  };
  const slice = (agent: string, rows: readonly string[]): PolicySlice => {
    const subjects = roles.closure(agent);
    return { agent, ref, model: DEFAULT_MODEL, deciding, subjects, words, rows };
  };
  const sliceFor = (agent: string): PolicySlice =>
    slice(
      agent,
      rulesFor(agent).map(({ row }) => row),
    );
  return Object.freeze({
    ref,
    rules,
    links,
    actions,
    words,
    isArgument,
    roles,
    layout,
    subjects: [...bySubject.keys()],
    rulesFor,
    withGeneration: (generation: number) =>
      createSnapshot({ ...parts, ref: Object.freeze({ digest: ref.digest, generation }) }),
    rolesOf: (agent: string) =>
      roles
        .closure(agent)
        .filter((subject) => subject !== agent)
        .sort(),
    sliceFor,
    *sliceSteps(agent: string): Steps<PolicySlice> {
      const count = groupsFor(agent).reduce((sum, { length }) => sum + length, 0);
      // Few rows are sorted at once; for many it is less work to go through all that there are.
      if (count < Math.max(RULES_OF_A_STEP, rules.length / 16)) return sliceFor(agent);
      const subjects = new Set(roles.closure(agent));
      const rows: string[] = [];
      for (const [index, { row }] of rules.entries()) {
        if (index % RULES_OF_A_STEP === 0) yield;
        if (subjects.has(subjectOf(row))) rows.push(row);
      }
      return slice(agent, rows);
    },
  });
}

/** Over the model that decides and the rules in canonical spelling, in the order of the file. Comments and spaces do not count. */
function* digestOf(rules: readonly PlacedRule[], links: readonly RoleLink[]): Steps<string> {
  const digest = createHash('sha256').update(DEFAULT_MODEL);
  for (let at = 0; at < rules.length; at += RULES_OF_A_STEP) {
    digest.update(
      rules
        .slice(at, at + RULES_OF_A_STEP)
        .map(({ row }) => `\np, ${row}`)
        .join(''),
    );
    yield;
  }
  for (let at = 0; at < links.length; at += RULES_OF_A_STEP) {
    digest.update(
      links
        .slice(at, at + RULES_OF_A_STEP)
        .map((cells) => `\ng, ${cells.join(', ')}`)
        .join(''),
    );
    yield;
  }
  return `sha256:${digest.digest('hex')}`;
}
