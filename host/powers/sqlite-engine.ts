import { performance } from 'node:perf_hooks';
import type {
  Answer,
  Call,
  DatabaseEngine,
  DatabaseSession,
  DatabaseTarget,
  EngineFailure,
  EngineTransaction,
  Preparation,
  PreparedStatement,
  StatementFacts,
  StatementRunner,
} from '../gates/db/engine.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import { openConnection, type SqliteConnection } from './sqlite-connection.ts';
import type { Lane, ProcessRequest } from './sqlite-frames.ts';
import { startDatabaseProcess, type DatabaseProcess, type Exchange } from './sqlite-process.ts';

/** SQLite, for one run: declared statements in this thread, statements of the guest in a process of their own. */
export function createSqliteEngine(ledger: ProcessLedger): DatabaseEngine {
  return Object.freeze({ open: (target: DatabaseTarget) => openSession(target, ledger) });
}

/** How long a statement waits for another writer, in the process: nobody else waits with it. */
const BUSY_MS = 1_000;
const HEAP_BYTES = 256 * 1024 * 1024;
/** Starting the process is part of its first request. */
const PREPARE_MS = 5_000;
const KEPT = 256;

function openSession(target: DatabaseTarget, ledger: ProcessLedger): DatabaseSession {
  let handles = 0;
  const nextHandle = (): number => ++handles;
  let running: DatabaseProcess | undefined;

  function processNow(): DatabaseProcess {
    if (running === undefined || running.isOver()) {
      const maxFrameBytes = 2 * target.maxBytes + 4 * 1024 * 1024;
      running = startDatabaseProcess({ target, maxFrameBytes, busyMs: BUSY_MS, heapBytes: HEAP_BYTES }, ledger);
    }
    return running;
  }

  const guest = createProcessRunner('auto', processNow, nextHandle, () => false);
  const local = createLocalRunner(target, nextHandle);
  return Object.freeze({
    guest,
    declared: createDeclaredRunner(local, guest),
    begin: () => createTransaction(processNow, nextHandle),
    close(): void {
      running?.kill();
      local.close();
    },
  });
}

/** In this thread: a statement is prepared once, and performed without crossing anything. */
function createLocalRunner(target: DatabaseTarget, nextHandle: () => number) {
  let connection: SqliteConnection | undefined;
  let closed = false;
  const cache = new Map<string, Preparation>();

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
      if (preparation.status === 'prepared') remember(cache, sql, preparation);
      return preparation;
    },
    run(statement: PreparedStatement, call: Call): Answer {
      const answer = open().run(statement.handle, call);
      if (answer.status === 'failed' && answer.failure === 'stale') cache.delete(statement.sql);
      return answer;
    },
    close(): void {
      closed = true;
      connection?.close();
    },
  });
}

/**
 * Declared statements: in this thread, but in the process where one may run without end, and where it would have to wait
 * for another writer.
 */
function createDeclaredRunner(local: StatementRunner, guest: StatementRunner): StatementRunner {
  async function inProcess(statement: PreparedStatement, call: Call): Promise<Answer> {
    const there = await guest.prepare(statement.sql);
    if (there.status === 'failed') return there;
    if (there.status === 'refused' || !sameFacts(there.statement.facts, statement.facts))
      return { status: 'failed', failure: 'stale' };
    return guest.run(there.statement, call);
  }

  return Object.freeze({
    prepare: (sql: string) => local.prepare(sql),
    run(statement: PreparedStatement, call: Call): Answer | Promise<Answer> {
      if (statement.facts.recursive) return inProcess(statement, call);
      const answer = local.run(statement, call) as Answer; // the local runner never waits
      return answer.status === 'failed' && answer.failure === 'busy' ? inProcess(statement, call) : answer;
    },
  });
}

const sameFacts = (one: StatementFacts, other: StatementFacts): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** In the process. What is known about a text is kept, so that a repeated statement costs one exchange. */
function createProcessRunner(
  lane: Lane,
  processNow: () => DatabaseProcess,
  nextHandle: () => number,
  takeBegin: () => boolean,
): StatementRunner {
  let cache = new Map<string, Preparation>();
  let cachedOf: DatabaseProcess | undefined;

  function current(): DatabaseProcess {
    const now = processNow();
    if (now !== cachedOf) cache = new Map();
    cachedOf = now;
    return now;
  }

  return Object.freeze({
    prepare(sql: string): Preparation | Promise<Preparation> {
      const server = current();
      return cache.get(sql) ?? ask(server, sql);
    },
    async run(statement: PreparedStatement, call: Call): Promise<Answer> {
      const { handle } = statement;
      const exchange = await current().request({ kind: 'run', lane, begin: takeBegin(), handle, call }, call.timeoutMs);
      if (exchange.kind !== 'answer') return { status: 'failed', failure: failureOf(exchange) };
      if (exchange.answer.status === 'failed' && exchange.answer.failure === 'stale') cache.delete(statement.sql);
      return exchange.answer;
    },
  });

  async function ask(server: DatabaseProcess, sql: string): Promise<Preparation> {
    const request: ProcessRequest = { kind: 'prepare', lane, begin: takeBegin(), handle: nextHandle(), sql };
    const exchange = await server.request(request, PREPARE_MS);
    if (exchange.kind !== 'preparation') return { status: 'failed', failure: failureOf(exchange) };
    if (exchange.preparation.status === 'prepared' && server === cachedOf) remember(cache, sql, exchange.preparation);
    return exchange.preparation;
  }
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

  async function finish(kind: 'commit' | 'rollback'): Promise<EngineFailure | undefined> {
    if (home === undefined || !begun) return undefined; // nothing was done
    if (home.isOver()) return 'transaction-over';
    const exchange = await home.request({ kind }, PREPARE_MS);
    return exchange.kind === 'ended' ? exchange.failure : failureOf(exchange);
  }

  return Object.freeze({
    prepare: (sql: string) => (isOver() ? over : runner.prepare(sql)),
    run: (statement: PreparedStatement, call: Call) => (isOver() ? over : runner.run(statement, call)),
    isOver,
    commit: () => finish('commit'),
    async rollback(): Promise<void> {
      await finish('rollback');
    },
  });
}

/** Keeps the newest. */
function remember(cache: Map<string, Preparation>, sql: string, preparation: Preparation): void {
  cache.set(sql, preparation);
  const [oldest] = cache.keys();
  if (cache.size > KEPT && oldest !== undefined) cache.delete(oldest);
}
