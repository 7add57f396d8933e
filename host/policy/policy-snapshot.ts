import { hash } from 'node:crypto';
import type { PolicyRef } from '../contracts/decision.ts';
import { CASBIN, type EngineChoice } from '../contracts/engine-choice.ts';
import { DEFAULT_MODEL } from './default-model.ts';
import { checkModelFile } from './model-file.ts';
import { parsePolicyFile, type SourceText } from './policy-file.ts';
import { createProblemList } from './problem-list.ts';
import { createRoleGraph, type RoleGraph, type RoleLink } from './role-graph.ts';
import { checkRows } from './rule-check.ts';
import { createCellCompiler, type PlacedRule } from './rule.ts';
import { wordsOf, type Vocabulary, type Words } from './vocabulary.ts';

/** The texts of one policy set, already read. */
export interface PolicySource {
  readonly policy: SourceText;
  /** Optional: it can only say what decides anyway. */
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
  /** The id of each row. */
  readonly ids: readonly string[];
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
  /** All roles of an agent, sorted; `role:any` among them. */
  rolesOf(agent: string): readonly string[];
  /** The same policy under another number. */
  withGeneration(generation: number): PolicySnapshot;
  sliceFor(agent: string): PolicySlice;
  /** The rules whose subject is the agent or one of its roles, in the order of the file. */
  rulesFor(agent: string): readonly PlacedRule[];
}

/** Loads a policy. Throws `ERR_POLICY_INVALID` with every problem; nothing of a policy with a problem is in force. */
export function loadPolicy(
  source: PolicySource,
  vocabulary: Vocabulary,
  generation: number,
  deciding: EngineChoice = CASBIN,
): PolicySnapshot {
  const problems = createProblemList();
  if (source.model !== undefined) checkModelFile(source.model, problems);
  const rows = parsePolicyFile(source.policy, problems);
  const words = wordsOf(vocabulary);
  const rules = checkRows(source.policy.file, rows, vocabulary, createCellCompiler(words), problems);
  problems.throwIfAny();
  const links = rows.links.map(({ cells }) => cells);
  const ref: PolicyRef = Object.freeze({ digest: digestOf(rules, links), generation });
  const isArgument: Vocabulary['isArgument'] = (...asked) => vocabulary.isArgument(...asked);
  return createSnapshot({ ref, rules, links, words, actions: [...vocabulary.actions], isArgument, deciding });
}

interface SnapshotParts {
  readonly ref: PolicyRef;
  readonly rules: readonly PlacedRule[];
  readonly links: readonly RoleLink[];
  readonly words: Words;
  readonly actions: readonly string[];
  readonly isArgument: Vocabulary['isArgument'];
  readonly deciding: EngineChoice;
}

function createSnapshot(parts: SnapshotParts): PolicySnapshot {
  const { ref, rules, links, words, actions, isArgument, deciding } = parts;
  const roles = createRoleGraph(links);
  const bySubject = Map.groupBy(rules, ({ cells }) => cells[0]);
  const rulesFor = (agent: string): readonly PlacedRule[] =>
    roles
      .closure(agent)
      .flatMap((subject) => bySubject.get(subject) ?? [])
      .sort((a, b) => a.line - b.line);
  return Object.freeze({
    ref,
    rules,
    links,
    actions,
    words,
    isArgument,
    roles,
    rulesFor,
    withGeneration: (generation: number) =>
      createSnapshot({ ...parts, ref: Object.freeze({ digest: ref.digest, generation }) }),
    rolesOf: (agent: string) =>
      roles
        .closure(agent)
        .filter((subject) => subject !== agent)
        .sort(),
    sliceFor(agent: string): PolicySlice {
      const own = rulesFor(agent);
      return {
        agent,
        ref,
        model: DEFAULT_MODEL,
        deciding,
        subjects: roles.closure(agent),
        words,
        rows: own.map(({ row }) => row),
        ids: own.map(({ id }) => id),
      };
    },
  });
}

/** Over the model and the rows in canonical spelling, in the order of the file. Comments and spaces do not count. */
function digestOf(rules: readonly PlacedRule[], links: readonly RoleLink[]): string {
  const rows = [...rules.map(({ row }) => `p, ${row}`), ...links.map((cells) => `g, ${cells.join(', ')}`)];
  return `sha256:${hash('sha256', [DEFAULT_MODEL, ...rows].join('\n'), 'hex')}`;
}
