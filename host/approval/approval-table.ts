import type { QuestionState, Vote } from './question.ts';

/** A question as it is kept. Others write to the same table: what is read is checked. */
export interface QuestionRow {
  readonly id: string;
  /** The run that waits for the answer, or waited last. */
  readonly run: string;
  readonly agent: string;
  readonly bond: string;
  readonly cover: string;
  readonly state: QuestionState;
  readonly askedMs: number;
  readonly expiresMs: number;
  /** The process that waits, as `ProcessIdentity` names it; nobody does where it is null. */
  readonly waiter: string | null;
  /** The question itself, JSON. */
  readonly body: string;
}

/** The rows, within one transaction. */
export interface ApprovalRows {
  add(row: QuestionRow): void;
  /** The row as it was found, whatever is in it. */
  find(id: string): unknown;
  withBond(bond: string): readonly unknown[];
  withCover(cover: string): readonly unknown[];
  /** The newest rows, the oldest of them first. */
  newest(most: number): readonly unknown[];
  /** How many questions a run has asked, and how many of an agent are open at a time. */
  askedBy(run: string): number;
  openOf(agent: string, nowMs: number): number;
  votes(id: string): readonly unknown[];
  /** False where this person has said something already. */
  addVote(id: string, vote: Vote): boolean;
  update(id: string, change: Pick<QuestionRow, 'state' | 'run' | 'waiter'>): void;
  /** Forgets what was over before a time. */
  forget(beforeMs: number): void;
}

/** Where questions and answers are kept: several processes use it at once. Everything throws where it cannot be used. */
export interface ApprovalTable {
  /** One transaction: all of it or nothing, and nobody else writes meanwhile. */
  transact<Result>(work: (rows: ApprovalRows) => Result): Result;
  /** False once others would open another file than this one. Then nothing else can be done than to close it. */
  isInPlace(): boolean;
  /** Changes whenever somebody else has changed the table. Cheap. */
  version(): number;
  close(): void;
}

/** Tells processes of this machine apart, and whether one is still there. */
export interface ProcessIdentity {
  readonly own: string;
  /** True also where it cannot be known. */
  readonly isAlive: (identity: string) => boolean;
}
