import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ApprovalRows, ApprovalTable, QuestionRow } from '../approval/approval-table.ts';
import type { Vote } from '../approval/question.ts';

/** The file, in the state directory. */
const FILE = 'approvals.sqlite';
/** Other processes hold the file for the length of one transaction. */
const BUSY_MS = 2000;
const FORMAT = 1;

const SCHEMA = `
create table if not exists question (
  id text primary key, run text not null, agent text not null, bond text not null, cover text not null,
  state text not null, askedMs integer not null, expiresMs integer not null, waiter text, body text not null
) strict;
create index if not exists question_bond on question (bond);
create index if not exists question_cover on question (cover);
create index if not exists question_run on question (run);
create index if not exists question_agent on question (agent, state);
create index if not exists question_asked on question (askedMs);
create table if not exists vote (
  question text not null references question (id) on delete cascade, person text not null,
  verdict text not null, scope text not null, atMs integer not null, primary key (question, person)
) strict, without rowid;
pragma user_version = ${FORMAT};
`;

const COLUMNS = 'id, run, agent, bond, cover, state, askedMs, expiresMs, waiter, body';

/**
 * Opens the table of questions and answers in a directory, which is made where it is not there. Nobody but this user reads
 * either. Throws what SQLite and the file system throw.
 */
export function openApprovalTable(directory: string): ApprovalTable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, FILE);
  const opened = makePrivate(path);
  const database = new DatabaseSync(path, {
    timeout: BUSY_MS,
    allowExtension: false,
    enableForeignKeyConstraints: true,
  });
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma trusted_schema = off');
    prepareSchema(database);
  } catch (error) {
    database.close();
    throw error;
  }
  const rows = rowsOf(database);
  const version = database.prepare('pragma data_version');

  function isInPlace(): boolean {
    const { dev, ino } = statSync(path, { bigint: true, throwIfNoEntry: false }) ?? {};
    return dev === opened.dev && ino === opened.ino;
  }

  /** What is asked and answered in a file that nobody else opens any more, nobody hears of. */
  function checkPlace(): void {
    if (!isInPlace()) throw new Error(`\`${path}\` was replaced or removed while it was in use`);
  }

  return Object.freeze({
    transact<Result>(work: (rows: ApprovalRows) => Result): Result {
      checkPlace();
      database.exec('begin immediate'); // whoever reads to decide is the only one to write
      try {
        const result = work(rows);
        database.exec('commit');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('rollback');
        throw error;
      }
    },
    isInPlace,
    version(): number {
      checkPlace();
      return Number(version.get()?.['data_version'] ?? 0);
    },
    close(): void {
      if (database.isOpen) database.close();
    },
  });
}

/** Follows no link, and leaves the file to its owner alone. Which file it is. */
function makePrivate(path: string): { readonly dev: bigint; readonly ino: bigint } {
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const found = fstatSync(descriptor, { bigint: true });
    if (!found.isFile()) throw new Error(`\`${path}\` is not a regular file`);
    fchmodSync(descriptor, 0o600);
    return { dev: found.dev, ino: found.ino };
  } finally {
    closeSync(descriptor);
  }
}

function prepareSchema(database: DatabaseSync): void {
  const found = Number(database.prepare('pragma user_version').get()?.['user_version'] ?? 0);
  if (found === FORMAT) return;
  if (found > FORMAT) throw new Error(`the file is of a later version: ${found}`);
  database.exec(`begin immediate; ${SCHEMA} commit`);
}

function rowsOf(database: DatabaseSync): ApprovalRows {
  const add = database.prepare(`insert into question (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const find = database.prepare(`select ${COLUMNS} from question where id = ?`);
  const withBond = database.prepare(`select ${COLUMNS} from question where bond = ? order by askedMs limit 1000`);
  const withCover = database.prepare(`select ${COLUMNS} from question where cover = ? order by askedMs limit 1000`);
  const newest = database.prepare(`select ${COLUMNS} from question order by askedMs desc limit ?`);
  const askedBy = database.prepare('select count(*) as n from question where run = ?');
  const openOf = database.prepare(
    "select count(*) as n from question where agent = ? and state = 'open' and expiresMs > ?",
  );
  const votes = database.prepare('select person, verdict, scope, atMs from vote where question = ?');
  const addVote = database.prepare('insert or ignore into vote (question, person, verdict, scope, atMs) values (?, ?, ?, ?, ?)'); // prettier-ignore
  const update = database.prepare('update question set state = ?, run = ?, waiter = ? where id = ?');
  const forget = database.prepare('delete from question where expiresMs < ?');
  const count = (row: Record<string, unknown> | undefined): number => Number(row?.['n'] ?? 0);

  return Object.freeze({
    add({ id, run, agent, bond, cover, state, askedMs, expiresMs, waiter, body }: QuestionRow): void {
      add.run(id, run, agent, bond, cover, state, askedMs, expiresMs, waiter, body);
    },
    find: (id: string) => find.get(id),
    withBond: (bond: string) => withBond.all(bond),
    withCover: (cover: string) => withCover.all(cover),
    newest: (most: number) => newest.all(most).reverse(),
    askedBy: (run: string) => count(askedBy.get(run)),
    openOf: (agent: string, nowMs: number) => count(openOf.get(agent, nowMs)),
    votes: (id: string) => votes.all(id),
    addVote: (id: string, { person, verdict, scope, atMs }: Vote) =>
      Number(addVote.run(id, person, verdict, scope, atMs).changes) === 1,
    update(id: string, { state, run, waiter }: Pick<QuestionRow, 'state' | 'run' | 'waiter'>): void {
      update.run(state, run, waiter, id);
    },
    forget: (beforeMs: number) => void forget.run(beforeMs),
  });
}
