import type {
  Answer,
  Call,
  DatabaseEngine,
  DatabaseSession,
  EngineFailure,
  EngineTransaction,
  PostgresTarget,
  PreparedStatement,
  SqlValue,
  StatementRunner,
} from '../gates/db/engine.ts';
import type { ConnectionPowers } from './postgres-connection.ts';
import { failureOf, stateOf } from './postgres-errors.ts';
import type { Ended } from './postgres-exchange.ts';
import { loadGrammar, type Grammar } from './postgres-grammar.ts';
import { createPreparer, type KnownStatement, type Preparer } from './postgres-preparation.ts';
import { command, createSlot, type Slot, type Statement } from './postgres-slot.ts';
import { encode, type WireValue } from './postgres-values.ts';

/**
 * Postgres, for one run: connections of its own, logged in as the role that the configuration names, closed with the run.
 * They are never shared with another run, so never with another principal.
 */
export function createPostgresEngine(powers: ConnectionPowers): DatabaseEngine<PostgresTarget> {
  let loading: Promise<Grammar> | undefined;
  const grammar = (): Promise<Grammar> => (loading ??= loadGrammar());
  return Object.freeze({ open: (target: PostgresTarget) => openSession(target, powers, grammar) });
}

const OVER = { status: 'failed', failure: 'transaction-over' } as const;
const READ_WRITE = command('begin read write');
const READ_ONLY = command('begin read only');
const COMMIT = command('commit');
const ROLLBACK = command('rollback');
const SAVEPOINT = command('savepoint statement');
const RELEASE = command('release savepoint statement');
const UNDO = command('rollback to savepoint statement');
/** For the host's own commands, which only wait for the disk. */
const COMMAND_LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 };

function openSession(
  target: PostgresTarget,
  powers: ConnectionPowers,
  grammar: () => Promise<Grammar>,
): DatabaseSession {
  const main = createSlot(target, powers);
  const preparer = createPreparer(target, main, grammar);
  const slots = new Set([main]);
  const idle: Slot[] = [];
  const runner = createRunner(target, main, preparer);

  function takeSlot(): Slot {
    const slot = idle.pop() ?? createSlot(target, powers);
    slots.add(slot);
    return slot;
  }
  function giveBack(slot: Slot): void {
    slot.reset();
    idle.push(slot);
  }

  return Object.freeze({
    guest: runner,
    declared: runner,
    begin: () => createTransaction(target, takeSlot, giveBack, preparer),
    close(): void {
      for (const slot of slots) slot.close();
    },
  });
}

/** Statements by themselves: a read takes one round trip, a change is committed with a second one. */
function createRunner(target: PostgresTarget, slot: Slot, preparer: Preparer): StatementRunner {
  async function change(known: KnownStatement, call: Call, values: readonly WireValue[]): Promise<Answer> {
    const answer = await perform(slot, [READ_WRITE], known, call, values);
    if (answer.status === 'failed') {
      if (!slot.isLost()) await slot.run([ROLLBACK], COMMAND_LIMITS);
      return answer;
    }
    const ended = await slot.run([COMMIT], COMMAND_LIMITS);
    const failure = committed(ended);
    return failure === undefined ? answer : { status: 'failed', failure };
  }

  return Object.freeze({
    prepare: (sql: string) => preparer.prepare(sql),
    run: (statement: PreparedStatement, call: Call) =>
      admitted(target, preparer, statement, call, (known, values) =>
        known.writes ? change(known, call, values) : perform(slot, [], known, call, values),
      ),
  });
}

/** Looks up a statement, and fits the parameters to it. */
async function admitted(
  { writable }: PostgresTarget,
  preparer: Preparer,
  { handle, sql }: PreparedStatement,
  call: Call,
  run: (known: KnownStatement, values: readonly WireValue[]) => Promise<Answer>,
): Promise<Answer> {
  const known = preparer.known(handle);
  if (known === undefined) return { status: 'failed', failure: 'stale' };
  if (known.writes && !writable) return { status: 'failed', failure: 'read-only' };
  if (call.parameters.length !== known.parameters.length) return { status: 'failed', failure: 'parameters' };
  const values = call.parameters.map((value, index) => encode(value, known.parameters[index] ?? 0));
  if (!values.every((value) => value !== undefined)) return { status: 'failed', failure: 'value' };
  let answer: Answer;
  try {
    answer = await run(known, values);
  } catch (error) {
    answer = { status: 'failed', failure: failureOf(stateOf(error)) };
  }
  if (answer.status === 'failed' && answer.failure === 'stale') preparer.forget(sql);
  return answer;
}

/** Performs one statement behind some commands of the host's own, in one round trip. */
async function perform(
  slot: Slot,
  before: readonly Statement[],
  { name, preparation, decoders }: KnownStatement,
  { mode, maxRows, maxBytes, timeoutMs }: Call,
  values: readonly WireValue[],
): Promise<Answer> {
  const rows: SqlValue[][] = [];
  let bytes = 0;
  let more = false;
  function onRow(fields: readonly (string | null)[]): void {
    if (mode === 'execute' || more) return;
    if (rows.length === maxRows) {
      more = true;
      return;
    }
    for (const field of fields) bytes += field === null ? 8 : Math.max(8, Buffer.byteLength(field));
    if (bytes > maxBytes) slot.overflow();
    else rows.push(fields.map((field, index) => (field === null ? null : (decoders[index]?.(field) ?? field))));
  }

  const most = mode === 'query' ? maxRows + 1 : 0;
  const statement = { name, sql: preparation.statement.sql, values, rows: most };
  // Bytes travel as hexadecimal digits, and each value with its length.
  const ended = await slot.run([...before, statement], { timeoutMs, maxBytes: 2 * maxBytes + (1 << 20), onRow });
  if (ended.status === 'failed') return failed(slot, ended.error);
  if (mode === 'query') return { status: 'rows', rows, truncated: more, bytes };
  return { status: 'changes', rows: changedRows(ended.tag), lastRowId: undefined };
}

const failed = (slot: Slot, error: unknown): Extract<Answer, { status: 'failed' }> => ({
  status: 'failed',
  failure: (slot.isLost() ? slot.brokenBy() : undefined) ?? failureOf(stateOf(error)),
});

/** From `INSERT 0 3`, `UPDATE 3`. */
const changedRows = (tag: string | undefined): bigint => BigInt(/\d+$/.exec(tag ?? '')?.[0] ?? 0);

/** Whether a commit did what it says: of an aborted transaction the server makes a rollback, without an error. */
function committed(ended: Ended): EngineFailure | undefined {
  if (ended.status === 'failed') return failureOf(stateOf(ended.error));
  return ended.tag === 'COMMIT' ? undefined : 'transaction-over';
}

/** A transaction has a connection of its own. A statement that fails is undone, and the transaction goes on. */
function createTransaction(
  target: PostgresTarget,
  takeSlot: () => Slot,
  giveBack: (slot: Slot) => void,
  preparer: Preparer,
): EngineTransaction {
  let slot: Slot | undefined;
  let begun = false;
  let over = false;

  const isOver = (): boolean => over || (begun && slot?.isLost() === true);

  async function step(known: KnownStatement, call: Call, values: readonly WireValue[]): Promise<Answer> {
    slot ??= takeSlot();
    const before = begun ? [RELEASE, SAVEPOINT] : [target.writable ? READ_WRITE : READ_ONLY, SAVEPOINT];
    const answer = await perform(slot, before, known, call, values);
    begun = true;
    if (answer.status !== 'failed' || slot.isLost()) return answer;
    const undone = await slot.run([UNDO], COMMAND_LIMITS);
    if (undone.status === 'failed') await abandon(slot); // without the savepoint there is nothing that could go on
    return answer;
  }

  async function abandon(used: Slot): Promise<void> {
    over = true;
    await used.run([ROLLBACK], COMMAND_LIMITS);
    giveBack(used);
  }

  async function finish(how: Statement): Promise<EngineFailure | undefined> {
    if (slot === undefined || !begun) return undefined; // nothing was done
    if (isOver()) return 'transaction-over';
    over = true;
    const ended = await slot.run([how], COMMAND_LIMITS);
    giveBack(slot);
    if (how === COMMIT) return committed(ended);
    return ended.status === 'failed' ? failureOf(stateOf(ended.error)) : undefined;
  }

  return Object.freeze({
    prepare: (sql: string) => (isOver() ? OVER : preparer.prepare(sql)),
    run: (statement: PreparedStatement, call: Call) =>
      isOver() ? OVER : admitted(target, preparer, statement, call, (known, values) => step(known, call, values)),
    isOver,
    commit: () => finish(COMMIT),
    async rollback(): Promise<void> {
      await finish(ROLLBACK);
    },
  });
}
