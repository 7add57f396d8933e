import type { LevelFinding } from './level.ts';
import type { FormedRecord } from './record-form.ts';

/**
 * Checks that a run was opened and closed, that every intent has one outcome, and that what names the approval of people
 * has one before it.
 */
export interface RunCompleteness {
  next(line: number, record: FormedRecord): void;
  /** The file is at its end. True if the run was closed. */
  end(): boolean;
}

/** Starts the check of one run's file. `warn` is told what is odd but may happen. */
export function createRunCompleteness(level: LevelFinding, warn: (text: string) => void): RunCompleteness {
  const intents = new Map<number, { readonly line: number; settled: boolean }>();
  let last: { readonly line: number; readonly record: FormedRecord } | undefined;
  const asked = new Map<number, { answered: boolean }>();
  /** How many intents may still name a question: each answer that says yes is for one of them. */
  const approvals = new Map<string, number>();
  let closedAt: number | undefined;

  function outcomeReason({ type, intent }: FormedRecord): string | undefined {
    if (intent === undefined || !OUTCOMES.has(type)) return undefined;
    const begun = intents.get(intent);
    if (begun === undefined) return `it is the outcome of record ${intent}, which is no intent`;
    if (begun.settled) return `it is a second outcome of record ${intent}`;
    begun.settled = true;
    return undefined;
  }

  function approvalReason({ type, seq, members }: FormedRecord): string | undefined {
    if (type === 'approval.asked') asked.set(seq, { answered: false });
    if (type === 'approval.answered') {
      const detail = members.get('detail');
      const answer = detail instanceof Map ? detail : new Map<string, unknown>();
      const question = asked.get(Number(answer.get('asked') ?? Number.NaN));
      if (question === undefined) return 'it answers what was not asked';
      if (question.answered) return `it is a second answer to record ${String(answer.get('asked'))}`;
      question.answered = true;
      const id: unknown = answer.get('question');
      if (answer.get('status') === 'granted' && typeof id === 'string') approvals.set(id, (approvals.get(id) ?? 0) + 1);
    }
    const decision = members.get('decision');
    const approval: unknown = decision instanceof Map ? decision.get('approval') : undefined;
    if (type !== 'effect.intended' || typeof approval !== 'string') return undefined;
    const left = approvals.get(approval) ?? 0;
    approvals.set(approval, left - 1);
    return left > 0 ? undefined : `nobody has approved \`${approval}\` before it`;
  }

  function orderReason(record: FormedRecord): string | undefined {
    const { type, mono } = record;
    if (last === undefined && type !== 'run.opened') return 'the first record is not `run.opened`';
    if (last !== undefined && type === 'run.opened') return 'the run is opened twice';
    if (closedAt !== undefined) return `it follows the end of the run in record ${closedAt}`;
    if (last !== undefined && mono < last.record.mono) return 'the time since the start of the run goes back';
    return undefined;
  }

  return Object.freeze({
    next(line: number, record: FormedRecord): void {
      const { type, seq, time } = record;
      const reason = orderReason(record) ?? outcomeReason(record) ?? approvalReason(record);
      if (reason === undefined) level.passed();
      else level.failed({ line, seq, reason });
      // Clocks are set back now and then, so this alone proves nothing.
      if (last !== undefined && time < last.record.time)
        warn(`record ${seq} (line ${line}): the time of day goes back`);
      if (type === 'effect.intended') intents.set(seq, { line, settled: false });
      if (type === 'run.closed') closedAt ??= seq;
      last = { line, record };
    },

    end(): boolean {
      for (const [seq, { line, settled }] of intents) {
        if (!settled) level.failed({ line, seq, reason: 'the intent has no outcome' });
      }
      if (last === undefined) level.failed({ line: 1, reason: 'there is no record' });
      else if (closedAt === undefined) {
        const { line, record } = last;
        level.failed({ line: line + 1, seq: record.seq, reason: `the run is not closed after record ${record.seq}` });
      }
      return closedAt !== undefined;
    },
  });
}

const OUTCOMES: ReadonlySet<string> = new Set(['effect.settled', 'effect.unknown', 'effect.denied']);
