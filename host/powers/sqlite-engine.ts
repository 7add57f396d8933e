import { performance } from 'node:perf_hooks';
import type {
  Answer,
  Call,
  DatabaseEngine,
  DatabaseSession,
  EngineFailure,
  EngineTransaction,
  Preparation,
  PreparedStatement,
  SqliteTarget,
  StatementFacts,
  StatementRunner,
} from '../gates/db/engine.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import { openConnection, type SqliteConnection } from './sqlite-connection.ts';
import type { Lane, ProcessRequest } from './sqlite-frames.ts';
import { startSpareProcess, type DatabaseProcess, type Exchange, type SpareProcess } from './sqlite-process.ts';

/** An engine that answers at once. */
type Immediate<Runner> = {
  readonly [Name in keyof Runner]: Runner[Name] extends (...values: infer Values) => infer Result
    ? (...values: Values) => Exclude<Result, Promise<unknown>>
    : Runner[Name];
};
type Runner = Immediate<StatementRunner>;

/** SQLite, for one run: short declared statements in this thread, all others in a process that can be killed. */
export interface SqliteEngine extends DatabaseEngine<SqliteTarget> {
  /** Starts a process before it is needed: starting one takes longer than many a run. */
  warm(): void;
  /** Ends a process that was not needed. */
  close(): Promise<void>;
}

/** How long a statement waits for another writer, in the process. */
const BUSY_MS = 1_000;
const HEAP_BYTES = 256 * 1024 * 1024;
const KEPT = 256;

/** Makes the engine of one run. */
export function createSqliteEngine(ledger: ProcessLedger): SqliteEngine {
  let spare: SpareProcess | undefined;

  function start(target: SqliteTarget): DatabaseProcess {
    const taken = spare === undefined || spare.isOver() ? startSpareProcess(ledger) : spare;
    spare = undefined;
    return taken.open({ target, busyMs: BUSY_MS, heapBytes: HEAP_BYTES });
  }

  return Object.freeze({
    open: (target: SqliteTarget) => openSession(target, start),
    warm(): void {
      spare ??= startSpareProcess(ledger);
    },
    async close(): Promise<void> {
      await spare?.kill();
    },
  });
}

function openSession(target: SqliteTarget, start: (target: SqliteTarget) => DatabaseProcess): DatabaseSession {
  let handles = 0;
  const nextHandle = (): number => ++handles;
  let running: DatabaseProcess | undefined;

  function processNow(): DatabaseProcess {
    if (running === undefined || running.isOver()) running = start(target);
    return running;
  }

  const guest = createProcessRunner('auto', processNow, nextHandle, () => false);
  const local = createLocalRunner(target, nextHandle);
  return Object.freeze({
    guest,
    declared: createDeclaredRunner(local, guest),
    begin: () => createTransaction(processNow, nextHandle),
    async close(): Promise<void> {
      local.close();
      await running?.kill();
    },
  });
}

interface LocalRunner extends Runner {
  /** Whether a prepared statement may run in this thread. */
  isShort(statement: PreparedStatement): boolean;
  /** Prepares it anew when it is asked for again. */
  forget(statement: PreparedStatement): void;
  close(): void;
}

/** In this thread: a statement is prepared once, and performed without crossing anything. */
function createLocalRunner(target: SqliteTarget, nextHandle: () => number): LocalRunner {
  let connection: SqliteConnection | undefined;
  let closed = false;
  const cache = new Map<string, Preparation>();
  const short = new WeakMap<StatementFacts, boolean>();

  function open(): SqliteConnection {
    if (closed) throw new Error('the run is over');
    connection ??= openConnection({ target, busyMs: 0, now: () => performance.now() });
    return connection;
  }

  return Object.freeze({
    prepare(sql: string): Preparation {
      const known = cache.get(sql);
      if (known !== undefined) return known;
      const preparation = open().prepare(sql, nextHandle());
      if (preparation.status !== 'prepared') return preparation;
      short.set(preparation.statement.facts, !preparation.statement.facts.explains && open().isShort(sql));
      remember(cache, sql, preparation);
      return preparation;
    },
    isShort: ({ facts }: PreparedStatement) => short.get(facts) === true,
    run(statement: PreparedStatement, call: Call): Answer {
      return open().runShort(statement.handle, call);
    },
    forget: ({ sql }: PreparedStatement) => void cache.delete(sql),
    close(): void {
      closed = true;
      connection?.close();
    },
  });
}

/**
 * Declared statements: in this thread where one is proven to be short; in the process where it may take its time, where
 * it would have to wait for another writer, and where the proof does not hold any more.
 */
function createDeclaredRunner(local: LocalRunner, guest: Runner): Runner {
  /** Facts of here and there that were found to be the same. */
  const agreed = new WeakMap<StatementFacts, StatementFacts>();

  function agree(here: StatementFacts, there: StatementFacts): boolean {
    if (agreed.get(here) === there) return true;
    const same = JSON.stringify(here) === JSON.stringify(there);
    if (same) agreed.set(here, there);
    return same;
  }

  function changed(statement: PreparedStatement): Answer {
    local.forget(statement);
    return { status: 'failed', failure: 'stale' };
  }

  function inProcess(statement: PreparedStatement, call: Call): Answer {
    const there = guest.prepare(statement.sql);
    if (there.status === 'failed') return there;
    if (there.status === 'refused' || !agree(statement.facts, there.statement.facts)) return changed(statement);
    const answer = guest.run(there.statement, call);
    return isFailure(answer, 'stale') ? changed(statement) : answer;
  }

  return Object.freeze({
    prepare: (sql: string) => local.prepare(sql),
    run(statement: PreparedStatement, call: Call): Answer {
      if (!local.isShort(statement)) return inProcess(statement, call);
      const answer = local.run(statement, call);
      if (isFailure(answer, 'stale')) local.forget(statement);
      else if (!isFailure(answer, 'busy')) return answer;
      return inProcess(statement, call);
    },
  });
}

const isFailure = (answer: Answer, failure: EngineFailure): boolean =>
  answer.status === 'failed' && answer.failure === failure;

/** In the process. What is known about a text is kept, so that a repeated statement costs one exchange. */
function createProcessRunner(
  lane: Lane,
  processNow: () => DatabaseProcess,
  nextHandle: () => number,
  takeBegin: () => boolean,
): Runner {
  let cache = new Map<string, Preparation>();
  let cachedOf: DatabaseProcess | undefined;

  function current(): DatabaseProcess {
    const now = processNow();
    if (now !== cachedOf) cache = new Map();
    cachedOf = now;
    return now;
  }

  return Object.freeze({
    prepare(sql: string): Preparation {
      const server = current();
      const known = cache.get(sql);
      if (known !== undefined) return known;
      const request: ProcessRequest = { kind: 'prepare', lane, begin: takeBegin(), handle: nextHandle(), sql };
      const exchange = server.request(request);
      if (exchange.kind !== 'preparation') return { status: 'failed', failure: failureOf(exchange) };
      if (exchange.preparation.status === 'prepared') remember(cache, sql, exchange.preparation);
      return exchange.preparation;
    },
    run(statement: PreparedStatement, call: Call): Answer {
      const { handle } = statement;
      const exchange = current().request({ kind: 'run', lane, begin: takeBegin(), handle, call });
      if (exchange.kind !== 'answer') return { status: 'failed', failure: failureOf(exchange) };
      if (isFailure(exchange.answer, 'stale')) cache.delete(statement.sql);
      return exchange.answer;
    },
  });
}

const failureOf = (exchange: Exchange): EngineFailure => (exchange.kind === 'timed-out' ? 'timed-out' : 'internal');

/** A transaction lives and dies with the process in which it began. */
function createTransaction(processNow: () => DatabaseProcess, nextHandle: () => number): EngineTransaction {
  const over: Answer & Preparation = { status: 'failed', failure: 'transaction-over' };
  let home: DatabaseProcess | undefined;
  let begun = false;

  const isOver = (): boolean => home?.isOver() ?? false;
  function takeBegin(): boolean {
    const first = !begun;
    begun = true;
    return first;
  }
  const runner = createProcessRunner('transaction', () => (home ??= processNow()), nextHandle, takeBegin);

  function finish(kind: 'commit' | 'rollback'): EngineFailure | undefined {
    if (home === undefined || !begun) return undefined; // nothing was done
    if (home.isOver()) return 'transaction-over';
    const exchange = home.request({ kind });
    return exchange.kind === 'ended' ? exchange.failure : failureOf(exchange);
  }

  return Object.freeze({
    prepare: (sql: string) => (isOver() ? over : runner.prepare(sql)),
    run: (statement: PreparedStatement, call: Call) => (isOver() ? over : runner.run(statement, call)),
    isOver,
    commit: () => finish('commit'),
    rollback: () => void finish('rollback'),
  });
}

/** Keeps the newest. */
function remember(cache: Map<string, Preparation>, sql: string, preparation: Preparation): void {
  cache.set(sql, preparation);
  const [oldest] = cache.keys();
  if (cache.size > KEPT && oldest !== undefined) cache.delete(oldest);
}
