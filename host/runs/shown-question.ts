import type { AskedQuestion } from '../approval/approval-store.ts';
import type { Question } from '../approval/question.ts';
import { barredBy, type Electorate } from '../approval/verdict.ts';
import type { ApprovalScope } from '../contracts/approval.ts';
import type { Json } from '../contracts/request.ts';

/** A question to people, as they see it. Guests choose much of it: escape it before a terminal. */
export interface ShownQuestion extends Omit<Question, 'shown' | 'roles' | 'rules' | 'askedMs' | 'expiresMs'> {
  /** `summary` and, where the gate gives it, `payload`: exactly what would happen. */
  readonly request: Json;
  readonly rules: readonly {
    readonly id: string;
    readonly file: string;
    readonly line?: number;
    readonly row?: string;
  }[];
  /** The roles of which somebody has to say yes, and who may; all of them different people. */
  readonly roles: readonly { readonly name: string; readonly people: readonly string[]; readonly missing: boolean }[];
  readonly votes: readonly {
    readonly by: string;
    readonly answer: 'yes' | 'no';
    readonly scope: ApprovalScope;
    readonly at: string;
  }[];
  /** `granted`: enough have said yes, and nobody has used it yet; `used`: the effect was let through. */
  readonly state: 'open' | 'granted' | 'used' | 'denied' | 'expired';
  /** Whether a run waits for the answer. Without one, a run that asks the same uses it. */
  readonly waiting: boolean;
  readonly askedAt: string;
  readonly expiresAt: string;
  /** How long it can still be answered, milliseconds. */
  readonly leftMs: number;
}

/** Where and when a question is shown. */
export interface Showing {
  readonly electorate: Electorate;
  readonly nowMs: number;
  /** The policy file of the configuration. */
  readonly file: string;
}

export function showQuestion(asked: AskedQuestion, { electorate, nowMs, file }: Showing): ShownQuestion {
  const { question, votes, verdict, waited } = asked;
  const { shown, roles, rules, askedMs, expiresMs, ...same } = question;
  const missing = verdict.status === 'open' ? verdict.missing : [];
  return {
    ...same,
    request: parsed(shown),
    rules: rules.map((rule) => ({ ...rule, file })),
    roles: roles.map((name) => ({
      name,
      people: (electorate.approvers.get(name) ?? []).filter(
        (person) => barredBy(person, question, electorate) === undefined,
      ),
      missing: missing.includes(name),
    })),
    votes: votes.map(({ person, verdict: answer, scope, atMs }) => ({ by: person, answer, scope, at: timeOf(atMs) })),
    state: stateOf(asked),
    waiting: waited,
    askedAt: timeOf(askedMs),
    expiresAt: timeOf(expiresMs),
    leftMs: Math.max(0, expiresMs - nowMs),
  };
}

function stateOf({ state, verdict }: AskedQuestion): ShownQuestion['state'] {
  switch (state) {
    case 'used':
    case 'covers-run':
      return 'used';
    case 'denied':
    case 'expired':
      return state;
    case 'open':
      return verdict.status;
  }
}

/** The cell made the text; where it is no JSON, the text is shown. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json; // what JSON holds
  } catch {
    return text;
  }
}

/** The last moment that a date can be. */
const LATEST_MS = 8.64e15;
const timeOf = (ms: number): string => new Date(Math.min(ms, LATEST_MS)).toISOString();
