import type { ApprovalAnswer, ApprovalObstacle, ApprovalScope } from '../contracts/approval.ts';
import { HostError } from '../contracts/errors.ts';
import type { Clock } from '../contracts/powers.ts';
import type { ApprovalRows, ApprovalTable, ProcessIdentity } from './approval-table.ts';
import { bondOf, coverOf } from './bond.ts';
import type { Question, Vote } from './question.ts';
import { fits, parseRow, parseVotes, rowOf, type KeptQuestion } from './question-form.ts';
import { barredBy, canBeGranted, judge, type Electorate, type Verdict } from './verdict.ts';

/** A question with what was said about it. */
export interface AskedQuestion {
  readonly question: Question;
  readonly state: KeptQuestion['state'];
  readonly votes: readonly Vote[];
  readonly verdict: Verdict;
  /** Whether a run waits for the answer. If none does, a run that asks the same can still use it. */
  readonly waited: boolean;
}

/** What is found where somebody asks. */
export type Opened =
  | { readonly status: 'waiting'; readonly id: string }
  | { readonly status: 'answered'; readonly answer: ApprovalAnswer };

/** Questions to people and their answers. Every method is one transaction and throws where the table cannot be used. */
export interface ApprovalStore {
  /** Asks, unless it is answered already: by a yes for this run, by a no in this run, or by what an earlier run left. */
  open(question: Question): Opened;
  /** Takes the answer, if it is there: a yes is used up by it. Nothing where the question is still open. */
  take(id: string, question: Question): ApprovalAnswer | undefined;
  /** The run that asked waits no longer. Its question stays until its time is over. */
  leave(id: string): void;
  /** Its time is over, also where the time of day has gone back since: nobody can use it any more. */
  lapse(id: string): void;
  /** Whoever started the run says no: he could end it as well, so nobody asks for his name. */
  refuse(id: string): void;
  /** Writes down what somebody said. Throws `ERR_APPROVAL_REFUSED` where he has no say. */
  vote(id: string, vote: Omit<Vote, 'atMs'>): AskedQuestion;
  /** One question by its id or the beginning of it. Throws `ERR_APPROVAL_REFUSED` where there is none. */
  find(reference: string): AskedQuestion;
  /** The newest questions, the oldest of them first. */
  list(): readonly AskedQuestion[];
  version(): number;
  /** As of its table. */
  isInPlace(): boolean;
  close(): void;
}

/** Who has denied a question, where it is nobody that has a name. */
export const OPERATOR = 'operator';

/** The most questions that one run may ask, and that may be open for one agent: a person has one life. */
export const MOST_ASKED = 100;
export const MOST_OPEN = 100;
const MOST_LISTED = 1000;
const KEPT_MS = 30 * 86_400_000;

export interface ApprovalStoreOptions {
  readonly table: ApprovalTable;
  readonly processes: ProcessIdentity;
  readonly clock: Clock;
  readonly electorate: Electorate;
}

const refused = (message: string, hints: readonly string[] = []): HostError =>
  new HostError('ERR_APPROVAL_REFUSED', message, { hints });

/** Makes the store over a table. */
export function createApprovalStore(options: ApprovalStoreOptions): ApprovalStore {
  const { table, processes, clock, electorate } = options;

  const isLeft = ({ waiter }: KeptQuestion): boolean => waiter === null || !processes.isAlive(waiter);
  const judged = (rows: ApprovalRows, { id, question }: KeptQuestion): Verdict =>
    judge(question, parseVotes(rows.votes(id)), electorate, clock.nowMs());
  const seen = (rows: ApprovalRows, row: KeptQuestion): AskedQuestion => {
    const votes = parseVotes(rows.votes(row.id));
    const verdict = judge(row.question, votes, electorate, clock.nowMs());
    const { question, state } = row;
    return { question, state, votes, verdict, waited: state === 'open' && !isLeft(row) };
  };

  /** Uses up an answer on behalf of a run, or says that there is none yet. */
  function settle(rows: ApprovalRows, row: KeptQuestion, run: string): ApprovalAnswer | undefined {
    const { id: question, id } = row;
    const verdict = judged(rows, row);
    switch (verdict.status) {
      case 'open':
        return undefined;
      case 'granted': {
        const { by, scope } = verdict;
        rows.update(id, { state: scope === 'run' ? 'covers-run' : 'used', run, waiter: null });
        return { status: 'granted', question, by, scope };
      }
      case 'denied':
        rows.update(id, { state: 'denied', run, waiter: null });
        return { status: 'denied', question, by: verdict.by };
      case 'expired':
        rows.update(id, { state: 'expired', run, waiter: null });
        return { status: 'expired', question };
    }
  }

  function deniedAnswer(rows: ApprovalRows, id: string): ApprovalAnswer {
    const no = parseVotes(rows.votes(id)).find(({ verdict }) => verdict === 'no');
    return { status: 'denied', question: id, by: no?.person ?? OPERATOR };
  }

  /** What was said in this run already and goes for this question as well. */
  function saidBefore(rows: ApprovalRows, question: Question): ApprovalAnswer | undefined {
    const { run } = question;
    for (const row of rows.withCover(coverOf(question)).flatMap((found) => parseRow(found) ?? [])) {
      if (row.run !== run || row.state !== 'covers-run') continue;
      // Judged as of then: its time was for answering. Who may approve is asked again.
      const { by, scope } = grantOf(judge(row.question, parseVotes(rows.votes(row.id)), electorate, row.askedMs));
      if (scope === 'run') return { status: 'granted', question: row.id, by, scope };
    }
    const denied = rows
      .withBond(bondOf(question))
      .flatMap((found) => parseRow(found) ?? [])
      .find((row) => row.run === run && row.state === 'denied');
    return denied && deniedAnswer(rows, denied.id);
  }

  /** The same question of a run that is no more: its answer is used, or waited for. */
  function takeOver(rows: ApprovalRows, question: Question): Opened | undefined {
    if (question.partial) return undefined;
    for (const row of rows.withBond(bondOf(question)).flatMap((found) => parseRow(found) ?? [])) {
      if (row.state !== 'open' || !isLeft(row)) continue;
      const answer = settle(rows, row, question.run);
      if (answer?.status === 'granted') return { status: 'answered', answer };
      if (answer !== undefined) continue; // it was denied or too late: then this run asks itself
      rows.update(row.id, { state: 'open', run: question.run, waiter: processes.own });
      return { status: 'waiting', id: row.id };
    }
    return undefined;
  }

  function findOne(rows: ApprovalRows, reference: string): KeptQuestion {
    const exact = parseRow(rows.find(reference));
    if (exact !== undefined) return exact;
    const begun = rows
      .newest(MOST_LISTED)
      .flatMap((found) => parseRow(found) ?? [])
      .filter(({ id }) => reference.length >= 4 && id.startsWith(reference));
    const [first, second] = begun;
    if (first === undefined)
      throw refused(`there is no question \`${reference}\``, ['`sallyport approve list` shows them']);
    if (second !== undefined)
      throw refused(
        `\`${reference}\` begins several questions: write more of it`,
        begun.slice(0, 5).map(({ id }) => id),
      );
    return first;
  }

  return Object.freeze({
    open: (question: Question): Opened =>
      table.transact((rows) => {
        rows.forget(clock.nowMs() - KEPT_MS);
        const said = saidBefore(rows, question);
        if (said !== undefined) return { status: 'answered', answer: said };
        const obstacle = (why: ApprovalObstacle): Opened => ({
          status: 'answered',
          answer: { status: 'unavailable', why },
        });
        if (!canBeGranted(question, electorate)) return obstacle('nobody-may');
        const left = takeOver(rows, question);
        if (left !== undefined) return left;
        if (!fits(question)) return obstacle('no-store');
        if (rows.askedBy(question.run) >= MOST_ASKED) return obstacle('too-many');
        if (rows.openOf(question.agent, clock.nowMs()) >= MOST_OPEN) return obstacle('too-many');
        rows.add(rowOf(question, processes.own));
        return { status: 'waiting', id: question.id };
      }),

    take: (id: string, question: Question): ApprovalAnswer | undefined =>
      table.transact((rows) => {
        const row = parseRow(rows.find(id));
        // What waits for one thing is not answered by another, whatever stands in its place now.
        if (row === undefined || row.bond !== bondOf(question) || row.run !== question.run)
          return { status: 'unavailable', why: 'no-store' };
        if (row.state === 'open') return settle(rows, row, question.run);
        if (row.state !== 'denied') return { status: 'expired', question: id };
        return deniedAnswer(rows, id);
      }),

    leave: (id: string): void =>
      table.transact((rows) => {
        const row = parseRow(rows.find(id));
        if (row?.state === 'open' && row.waiter === processes.own)
          rows.update(id, { state: 'open', run: row.run, waiter: null });
      }),

    lapse: (id: string): void =>
      table.transact((rows) => {
        const row = parseRow(rows.find(id));
        if (row?.state === 'open') rows.update(id, { state: 'expired', run: row.run, waiter: null });
      }),

    refuse: (id: string): void =>
      table.transact((rows) => {
        const row = parseRow(rows.find(id));
        if (row?.state === 'open') rows.update(id, { state: 'denied', run: row.run, waiter: null });
      }),

    vote: (id: string, { person, verdict, scope }: Omit<Vote, 'atMs'>): AskedQuestion =>
      table.transact((rows) => {
        const row = findOne(rows, id);
        const { question } = row;
        const standing = judged(rows, row);
        if (row.state !== 'open' || standing.status === 'denied')
          throw refused(
            `the question \`${row.id}\` is answered: ${STANDS[row.state === 'open' ? 'denied' : row.state]}`,
            [`\`sallyport approve show ${row.id}\` tells by whom`],
          );
        if (standing.status === 'expired') throw refused(`the time of \`${row.id}\` is over: nobody can answer it`);
        const barred = barredBy(person, question, electorate);
        if (barred === 'no-approver')
          throw refused(`\`${person}\` is no approver of ${question.roles.map((role) => `\`${role}\``).join(', ')}`, [
            ...mayInstead(person, question.roles, electorate),
            'write the name under `approvers:` of the configuration, if it should be',
          ]);
        if (barred === 'own-agent' && verdict === 'yes')
          throw refused(`the agent runs on behalf of \`${person}\`: nobody approves what his own agent does`, [
            'approvals: { self: true } of the configuration lets people do so',
          ]);
        if (!rows.addVote(row.id, { person, verdict, scope, atMs: clock.nowMs() }))
          throw refused(`\`${person}\` has answered \`${row.id}\` already`);
        if (verdict === 'no') rows.update(row.id, { state: 'denied', run: row.run, waiter: row.waiter });
        return seen(rows, findOne(rows, row.id));
      }),

    find: (reference: string) => table.transact((rows) => seen(rows, findOne(rows, reference))),

    list: () =>
      table.transact((rows) =>
        rows
          .newest(MOST_LISTED)
          .flatMap((found) => parseRow(found) ?? [])
          .map((row) => seen(rows, row)),
      ),

    version: () => table.version(),
    isInPlace: () => table.isInPlace(),
    close: () => table.close(),
  });
}

/** How a question stands that cannot be answered any more. */
const STANDS: Readonly<Record<Exclude<KeptQuestion['state'], 'open'>, string>> = {
  used: 'yes, and it was let through',
  'covers-run': 'yes, for the rest of its run',
  denied: 'no',
  expired: 'its time is over',
};

/** Who may answer, where somebody may not. */
function mayInstead(person: string, roles: readonly string[], { approvers }: Electorate): readonly string[] {
  const people = [...new Set(roles.flatMap((role) => approvers.get(role) ?? []))];
  const meant = people.find((known) => known === `user:${person}`);
  return [meant === undefined ? `who may: ${people.join(', ')}` : `did you mean \`${meant}\``];
}

const NO_GRANT = { by: [] as readonly string[], scope: 'once' as ApprovalScope };
const grantOf = (verdict: Verdict) => (verdict.status === 'granted' ? verdict : NO_GRANT);
