import type { ApprovalAnswer, ApprovalScope } from '../contracts/approval.ts';
import type { Clock } from '../contracts/powers.ts';
import type { ApprovalStore, AskedQuestion } from './approval-store.ts';
import type { Question } from './question.ts';

/** What whoever started a run says to a question of it. A yes needs the names of approvers; a no needs none. */
export type OperatorReply =
  | { readonly answer: 'yes'; readonly by: string | readonly string[]; readonly scope?: ApprovalScope }
  | { readonly answer: 'no'; readonly by?: string };

/** How one run waits. */
export interface Waiting {
  /** Aborted when the run ends. */
  readonly signal: AbortSignal;
  /**
   * Told of each question that waits, and may answer it; whoever is asked elsewhere may be faster: then `answered` is
   * aborted. What it throws is a fault, and no answer.
   */
  readonly tell?: (asked: AskedQuestion, answered: AbortSignal) => Promise<OperatorReply | undefined>;
  readonly fault: (error: unknown) => void;
}

/** Asks people on behalf of the runs of one host. */
export interface ApprovalDesk {
  /** Never rejects. Settles when there is an answer, when the time of the question is over, or when the run ends. */
  ask(question: Question, waiting: Waiting): Promise<ApprovalAnswer>;
  close(): void;
}

export interface ApprovalDeskOptions {
  /** Opens the store, when the first question is asked. */
  readonly open: () => ApprovalStore;
  readonly clock: Clock;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** How often answers of other processes are looked for. */
const POLL_MS = 100;
/** Runs that wait at the same time look together. */
const TOGETHER_US = 50_000;

/** Makes the desk of one host. */
export function createApprovalDesk({ open, clock, sleep }: ApprovalDeskOptions): ApprovalDesk {
  let store: ApprovalStore | undefined;
  let own = 0;
  let seen = { version: 0, us: Number.NEGATIVE_INFINITY };

  /** The store; where its file was replaced, the new one: whoever waits in the old one hears of nothing any more. */
  function opened(): ApprovalStore {
    if (store?.isInPlace() === false) drop();
    return (store ??= open());
  }

  function drop(): void {
    store?.close();
    store = undefined;
  }

  /** Changes with every answer, of this process or another. */
  function version(from: ApprovalStore): string {
    const us = clock.monotonicUs();
    if (us - seen.us >= TOGETHER_US) seen = { version: from.version(), us };
    return `${seen.version}/${own}`;
  }

  async function consult(
    asked: AskedQuestion,
    from: ApprovalStore,
    { tell, fault }: Waiting,
    answered: AbortSignal,
  ): Promise<void> {
    try {
      const reply = await tell?.(asked, answered);
      if (reply === undefined || answered.aborted) return;
      const { id } = asked.question;
      if (reply.by === undefined) from.refuse(id);
      else {
        const scope = (reply.answer === 'yes' ? reply.scope : undefined) ?? 'once';
        const verdict = reply.answer === 'yes' ? 'yes' : 'no'; // whatever else a caller without types says
        for (const person of [reply.by].flat()) from.vote(id, { person, verdict, scope });
      }
      own += 1;
    } catch (error) {
      if (!answered.aborted) fault(error);
    }
  }

  async function wait(question: Question, id: string, from: ApprovalStore, waiting: Waiting): Promise<ApprovalAnswer> {
    const { signal } = waiting;
    const over = new AbortController();
    // The store goes by the time of day, which may be set back: nobody waits longer than he was told to.
    const latestUs = clock.monotonicUs() + (question.expiresMs - question.askedMs) * 1000;
    const told = new AbortController();
    void consult(from.find(id), from, waiting, over.signal).then(() => told.abort());
    let last: string | undefined;
    try {
      while (!signal.aborted) {
        const now = version(from);
        const late = clock.nowMs() >= question.expiresMs || clock.monotonicUs() >= latestUs;
        const answer = now === last && !late ? undefined : from.take(id, question);
        if (answer !== undefined) return answer;
        if (late) {
          from.lapse(id);
          return { status: 'expired', question: id };
        }
        last = now;
        await sleep(POLL_MS, AbortSignal.any([signal, told.signal]));
      }
      from.leave(id);
      return { status: 'unavailable', why: 'ended' };
    } finally {
      over.abort();
    }
  }

  return Object.freeze({
    async ask(question: Question, waiting: Waiting): Promise<ApprovalAnswer> {
      try {
        const from = opened();
        const found = from.open(question);
        own += 1;
        return found.status === 'answered' ? found.answer : await wait(question, found.id, from, waiting);
      } catch (error) {
        waiting.fault(error);
        return { status: 'unavailable', why: 'no-store' };
      }
    },
    close: drop,
  });
}
