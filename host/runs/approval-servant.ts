import type { AgentRun } from './agent-run-plan.ts';
import type { ApprovalAsk } from './approval-ask.ts';
import type { Question, QuestionRule } from '../approval/question.ts';
import type { ApprovalAnswer } from '../contracts/approval.ts';
import type { Clock } from '../contracts/powers.ts';
import type { Principal } from '../contracts/principal.ts';
import type { ServiceContext } from '../sandbox/cell-service.ts';
import { describeError } from '../sandbox/printable.ts';

/** A run whose cell asks. */
export interface AskingRun {
  readonly run: AgentRun;
  /** Its id. */
  readonly id: string;
  readonly principal: Principal;
  readonly clock: Clock;
}

/**
 * Asks people on behalf of a run, and of every run above it: while they think, the time of none of them goes on. Throws for
 * a question that no cell of this run asks.
 */
export async function askPeople(
  asking: AskingRun,
  ask: ApprovalAsk,
  { signal, pause }: ServiceContext,
): Promise<ApprovalAnswer> {
  const { run, id } = asking;
  if (!ask.decision.startsWith(`${id}/`)) throw new TypeError('the cell asked for another run');
  const resume = [pause(), run.pauseAbove?.()];
  try {
    return await run.approvals.ask(questionOf(asking, ask), {
      signal,
      ...(run.onQuestion === undefined ? {} : { tell: run.onQuestion }),
      fault: (error) =>
        run.onEvent({ kind: 'fault', text: `a question was not answered: ${describeError(error)}` }, run.agent.name),
    });
  } finally {
    for (const go of resume) go?.();
  }
}

function questionOf({ run, id, principal, clock }: AskingRun, ask: ApprovalAsk): Question {
  const { decision, accesses, shown, partial, digest, policy, rules, roles, ttlMs, label } = ask;
  const { purpose, environment } = run.facts;
  const askedMs = clock.nowMs();
  return {
    id: decision,
    run: id,
    agent: principal.agent,
    component: principal.component,
    callers: principal.callers ?? [],
    onBehalfOf: peopleOf(run),
    ...(purpose === undefined ? {} : { purpose }),
    ...(environment === undefined ? {} : { environment }),
    ...{ accesses, shown, partial, digest, policy },
    rules: rules.map((rule) => ruleOf(run, rule)),
    roles: [...new Set(roles)].sort(),
    ...(label === undefined ? {} : { label }),
    askedMs,
    expiresMs: askedMs + Math.ceil(ttlMs),
  };
}

/** Whose agent it is: his who is in the facts of the run, and theirs on whose behalf somebody called it. */
function peopleOf({ facts, callers }: AgentRun): readonly string[] {
  const people = [facts, ...callers.map((caller) => caller.facts)].flatMap(({ onBehalfOf }) => onBehalfOf ?? []);
  return [...new Set(people)].sort();
}

function ruleOf({ configuration }: AgentRun, id: string): QuestionRule {
  const rule = configuration.policy.rules.find((placed) => placed.id === id);
  return rule === undefined ? { id } : { id, line: rule.line, row: `p, ${rule.row}` };
}
