import type {
  Allow,
  Decision,
  Deny,
  DenialReason,
  Divergence,
  RequireApproval,
  RuleRef,
} from '../contracts/decision.ts';
import type { DecisionContext, DecisionPoint } from '../contracts/decision-point.ts';
import { HostError } from '../contracts/errors.ts';
import type { Access } from '../contracts/request.ts';
import { createCandidateMemo } from './candidate-memo.ts';
import { createCasbinEngine } from './casbin/engine.ts';
import { createCompiledEngine } from './compiled-engine.ts';
import type { Decide, Engine, MakeEngine } from './engine.ts';
import { allowedBy } from './obligations/allowed-by.ts';
import { askedByDenial } from './obligations/denied-by.ts';
import type { PolicySlice } from './policy-snapshot.ts';
import { matchesResource } from './resource-pattern.ts';
import { splitCanonical } from './resource-parts.ts';
import { createRuleIndex, type Indexed, type RuleIndex } from './rule-index.ts';
import { createShadowedEngine } from './shadowed-engine.ts';
import { cellsOf, compileRule, createCellCompiler, ruleId, type Rule } from './rule.ts';
import { finish, type Steps } from './steps.ts';

/** A row of the slice. Its rule is compiled when a request comes near it for the first time. */
interface Entry extends Indexed {
  readonly row: string;
  compiled: Rule | undefined;
}

/**
 * Makes the decision point of one agent. An index narrows, an engine decides; no rules is a deny that it is not asked about.
 * `compile` makes the compiled engine, where the slice asks for it.
 */
export const createDecisionPoint = (
  slice: PolicySlice,
  agent: string,
  compile: MakeEngine = createCompiledEngine,
): DecisionPoint => finish(openPoint(slice, agent, compile, 'when asked'));

/** The same with pauses, and with an index that is whole: its first decision takes no longer than others. */
export const decisionPointSteps = (slice: PolicySlice, agent: string): Steps<DecisionPoint> =>
  openPoint(slice, agent, createCompiledEngine, 'now');

/** When the trees of an index are built. */
type Trees = 'now' | 'when asked';

function* openPoint(slice: PolicySlice, agent: string, compile: MakeEngine, trees: Trees): Steps<DecisionPoint> {
  if (slice.agent !== agent)
    throw new HostError('ERR_INTERNAL', `the policy slice is that of \`${slice.agent}\`, not of \`${agent}\``);
  const { engine, divergence } = openEngine(slice, compile);
  const decideAccess = createAccessDecision(createDeciderFinder(slice, yield* indexSteps(slice, trees), engine));
  const policy = slice.ref;

  return Object.freeze({
    policy,
    decide(accesses: readonly [Access, ...Access[]], context: DecisionContext): Decision {
      const decision = decideAll(accesses, context);
      const found = divergence();
      return found === undefined ? decision : { ...decision, diverged: [found] };
    },
  });

  function decideAll(accesses: readonly [Access, ...Access[]], context: DecisionContext): Decision {
    let access = 0;
    try {
      let allowed: readonly Rule[] | undefined;
      for (; access < accesses.length; access++) {
        const current = accesses[access];
        const answer = current === undefined ? UNDECIDABLE : decideAccess(current, context);
        if (answer.reason !== undefined) return deniedBy(answer.reason, answer.rules, access);
        allowed = allowed === undefined ? answer.rules : [...new Set([...allowed, ...answer.rules])];
      }
      return allowed === undefined ? unavailable(0) : allow(allowed);
    } catch {
      return unavailable(access);
    }
  }

  function allow(rules: readonly Rule[]): Allow | RequireApproval {
    return allowedBy(
      rules.map(refOf),
      rules.map(({ obligations }) => obligations),
      policy,
    );
  }

  function deniedBy(reason: DenialReason, rules: readonly Rule[], access: number): Deny {
    const asked = askedByDenial(rules.filter(isDeny).map(({ obligations }) => obligations));
    return { effect: 'deny', reason, rules: rules.map(refOf), access, ...asked, policy };
  }

  function unavailable(access: number): Deny {
    return { effect: 'deny', reason: 'policy-unavailable', rules: [], access, policy };
  }
}

interface OpenEngine {
  readonly engine: Engine;
  /** What a sample of the decisions has shown to be wrong. */
  readonly divergence: () => Divergence | undefined;
}

function openEngine({ deciding, model, subjects }: PolicySlice, compile: MakeEngine): OpenEngine {
  const makeCasbin = (): Engine => createCasbinEngine(model, subjects);
  if (deciding.engine === 'casbin') return { engine: makeCasbin(), divergence: () => undefined };
  const compiled = compile(model, subjects);
  if (deciding.shadow === 0) return { engine: compiled, divergence: () => undefined };
  const shadowed = createShadowedEngine({ compiled, makeCasbin, every: deciding.shadow });
  return { engine: shadowed, divergence: shadowed.divergence };
}

/** What one access gets: the rules that allow it, or a reason and the rules that forbid it. */
interface AccessAnswer {
  readonly reason?: DenialReason;
  readonly rules: readonly Rule[];
}

const UNDECIDABLE: AccessAnswer = { reason: 'invalid-request', rules: [] };
const NO_RULE: AccessAnswer = { reason: 'no-rule', rules: [] };

/** How many rows are taken up in one step. */
const ROWS_OF_A_STEP = 256;

function* indexSteps({ rows }: PolicySlice, trees: Trees): Steps<RuleIndex<Entry>> {
  const entries: Entry[] = [];
  for (const [order, row] of rows.entries()) {
    if (order % ROWS_OF_A_STEP === 0) yield;
    const [, action, pattern] = cellsOf(row);
    entries.push({ order, action, pattern, row, compiled: undefined });
  }
  const index = createRuleIndex(entries);
  if (trees === 'now') yield* index.grow();
  return index;
}

/** Finds what decides on an action and a resource. */
type DeciderFinder = (action: string, resource: string) => Decide | 'no-rule' | 'not-canonical';

function createDeciderFinder(
  { agent, words }: Pick<PolicySlice, 'agent' | 'words'>,
  index: RuleIndex<Entry>,
  engine: Engine,
): DeciderFinder {
  const compiler = createCellCompiler(words);
  const memo = createCandidateMemo<Decide | 'no-rule'>();
  return (action, resource) => {
    const known = memo.get(action, resource);
    if (known !== undefined) return known;
    const parts = splitCanonical(resource);
    if (parts === undefined) return 'not-canonical';
    const rules: Rule[] = [];
    for (const entry of index.candidates(action, parts)) {
      const rule = (entry.compiled ??= compileRule({ id: ruleId(entry.row), cells: cellsOf(entry.row) }, compiler));
      // The engine asks the same again; a row that it is not given costs less than one that it turns down.
      if (matchesResource(rule.resource, parts)) rules.push(rule);
    }
    const found = rules.length === 0 ? 'no-rule' : engine.prepare({ subject: agent, action, resource, parts }, rules);
    memo.set(action, resource, found);
    return found;
  };
}

function createAccessDecision(find: DeciderFinder): (access: Access, context: DecisionContext) => AccessAnswer {
  return ({ action, resource, attributes, label }, context) => {
    // Maps compare strictly and Casbin loosely: only strings are the same to both.
    if (typeof action !== 'string' || typeof resource !== 'string') throw new TypeError('a request is made of strings');
    const decide = find(action, resource);
    if (decide === 'not-canonical') return UNDECIDABLE;
    if (decide === 'no-rule') return NO_RULE;
    const { allowed, matched } = decide({ context, attributes, label });
    const denied = matched.some(isDeny);
    // The engine decides; that its answer and the rows that it reported agree is checked all the same.
    if (allowed !== (matched.length > 0 && !denied)) throw new TypeError('the engine contradicts itself');
    if (allowed) return { rules: matched };
    return denied ? { reason: 'forbidden-by-rule', rules: matched.filter(isDeny) } : NO_RULE;
  };
}

const isDeny = ({ effect }: Rule): boolean => effect === 'deny';
const refOf = ({ id, namesHost }: Rule): RuleRef => ({ id, namesHost });
