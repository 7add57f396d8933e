import type { ObligationName } from '../../contracts/decision.ts';
import { HostError } from '../../contracts/errors.ts';
import type { RunSecrets } from '../../contracts/run-secrets.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import { after, type Pending } from '../../contracts/pending.ts';
import { isRefusal, type Access, type Parsed, type Refusal } from '../../contracts/request.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import { createRedactors, type Redactors } from '../../redaction/redactor.ts';
import type { DatabaseSettings, DbConfig } from './config.ts';
import { createDbDriver, type DbResult } from './driver.ts';
import type { DatabaseEngines, DatabaseSession, DatabaseTarget } from './engine.ts';
import type { DbFailure } from './failure.ts';
import { createDbParser, refusal, type DbTarget, type StatementCall } from './request.ts';
import { createOpenTransaction, createTransactionResource, type OpenTransaction } from './transaction.ts';
import type { WitValue } from './value.ts';
import { dbAnswer, throwFailure } from './wit-error.ts';

export type { DatabaseSettings, DbConfig } from './config.ts';
export type { DatabaseEngines } from './engine.ts';
export { ACTIONS, isDbArgument } from './request.ts';

export interface DbGateOptions {
  readonly pipeline: Pipeline;
  readonly config: DbConfig;
  readonly engines: DatabaseEngines;
  /** Absent: nothing has to be hidden in rows. */
  readonly secrets?: RunSecrets;
  /** What `redact` stands for; only what is built in, where there are none. */
  readonly redactors?: Redactors;
}

const STATEMENTS = ['query', 'execute', 'query-named', 'execute-named'];
const FUNCTIONS = [
  ...STATEMENTS,
  'begin',
  ...[...STATEMENTS, 'commit', 'rollback'].map((name) => `[method]transaction.${name}`),
];

/** The row of the import matrix. Everything waits where a rule asks for a person, and a statement where its engine does. */
export const DB_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/db',
  versions: ['0.1.0'],
  servedBy: 'db',
  functions: FUNCTIONS.map((name) => ({ name, waits: true })),
};

const DISCHARGES: ReadonlySet<ObligationName> = new Set<ObligationName>(['rows', 'timeoutMs', 'redact', 'bytes']);

/** The gate of `sallyport:agent/db`. */
export function createDbGate({ pipeline, config, engines, secrets, redactors }: DbGateOptions): Gate {
  const parser = createDbParser(config);
  const driver = createDbDriver(pipeline.redeem, redactors ?? createRedactors(new Map()), secrets);
  const sessions = new Map<string, DatabaseSession>();
  const open = new Map<string, OpenTransaction>();
  let transactions = 0;

  function sessionOf(database: string, settings: DatabaseSettings): DatabaseSession {
    const session = sessions.get(database) ?? openSession(engines, settings.target);
    sessions.set(database, session);
    return session;
  }

  /** One statement through the pipeline. Where the schema changed in between, it is decided once more on the new facts. */
  function enforce<Value>(
    call: StatementCall,
    perform: (grant: Grant<DbTarget>) => Pending<DbResult<Value>>,
    transaction?: OpenTransaction,
  ): Pending<Value> {
    let accesses: readonly Access[] = [];
    function parse(): Pending<Parsed<DbTarget>> {
      const request = parser.call(call);
      if ('refused' in request) return request;
      if (transaction?.isOver()) return refusal(call.mode, 'transaction-over');
      if (transaction?.isFull()) return refusal(call.mode, 'complex');
      const runner = transaction?.engine ?? sessionOf(call.database, request.settings)[originOf(call)];
      return after(runner.prepare(request.sql), (preparation) => {
        const parsed = parser.statement(request, preparation, runner);
        if (!isRefusal(parsed)) accesses = parsed.accesses;
        return parsed;
      });
    }

    const effect = { capability: 'db', discharges: DISCHARGES, parse, perform } as const;
    const first = pipeline.enforce(effect);
    const last = after(first, (enforced) => (isStale(enforced) ? pipeline.enforce(effect) : enforced));
    return after(last, (enforced) => {
      if (enforced.status === 'ok') transaction?.performed(accesses);
      if (transaction?.engine.isOver()) transaction.end();
      return dbAnswer(enforced);
    });
  }

  function commit(transaction: OpenTransaction): Pending<undefined> {
    if (transaction.isOver()) return throwFailure('transaction-over');
    const request = transaction.commitRequest();
    if (request === undefined) {
      transaction.end();
      return after(transaction.engine.rollback(), () => undefined);
    }
    const effect = { capability: 'db', discharges: DISCHARGES, parse: () => request, perform: driver.commit } as const;
    return after(pipeline.enforce(effect), (enforced) => {
      // A commit that was denied, or found another writer, may be tried again; after any other end there is nothing left.
      const again = enforced.status === 'denied' || (enforced.status === 'failed' && enforced.failure === 'busy');
      if (!again) transaction.end();
      dbAnswer(enforced);
      return undefined;
    });
  }

  const query = (call: StatementCall, transaction?: OpenTransaction) => enforce(call, driver.query, transaction);
  const execute = (call: StatementCall, transaction?: OpenTransaction) => enforce(call, driver.execute, transaction);
  const Transaction = createTransactionResource({ query, execute, commit });

  /** Has no effect: the engine begins with the first statement, and each statement is decided. Only a refusal is recorded. */
  function begin(database: string): InstanceType<typeof Transaction> {
    const settings = config.databases.get(database);
    const failure = settings === undefined ? 'unknown-database' : 'busy';
    if (settings === undefined || open.has(database)) {
      const parse = (): Refusal => refusal('begin', failure);
      return dbAnswer<never>(
        pipeline.enforceNow({ capability: 'db', discharges: DISCHARGES, parse, perform: unreachable }),
      );
    }
    const engineTransaction = sessionOf(database, settings).begin();
    const transaction = createOpenTransaction(database, ++transactions, engineTransaction, () => open.delete(database));
    open.set(database, transaction);
    return new Transaction(transaction);
  }

  const db = sealInterface({
    query: (database: string, sql: string, parameters: readonly WitValue[]) =>
      query({ database, mode: 'query', text: { kind: 'sql', sql }, parameters }),
    execute: (database: string, sql: string, parameters: readonly WitValue[]) =>
      execute({ database, mode: 'execute', text: { kind: 'sql', sql }, parameters }),
    queryNamed: (database: string, name: string, parameters: readonly WitValue[]) =>
      query({ database, mode: 'query', text: { kind: 'named', name }, parameters }),
    executeNamed: (database: string, name: string, parameters: readonly WitValue[]) =>
      execute({ database, mode: 'execute', text: { kind: 'named', name }, parameters }),
    begin,
    Transaction,
  });

  return Object.freeze({
    capability: 'db',
    discharges: DISCHARGES,
    imports: new Map([[DB_INTERFACE.name, db]]),
    intention: parser.intention,
    async close(): Promise<void> {
      for (const transaction of [...open.values()]) transaction.end();
      await Promise.all([...sessions.values()].map(async (session) => session.close()));
      await Promise.all([engines.sqlite?.close?.(), engines.postgres?.close?.()]);
    },
  });
}

const isStale = (enforced: Enforced<unknown, DbFailure>): boolean =>
  enforced.status === 'failed' && enforced.failure === 'stale';

function openSession(engines: DatabaseEngines, target: DatabaseTarget): DatabaseSession {
  const session = target.kind === 'sqlite' ? engines.sqlite?.open(target) : engines.postgres?.open(target);
  if (session === undefined)
    throw new HostError('ERR_INTERNAL', `there is no engine for a \`${target.kind}\` database`);
  return session;
}

const originOf = ({ text }: StatementCall): 'declared' | 'guest' => (text.kind === 'named' ? 'declared' : 'guest');

function unreachable(): never {
  throw new HostError('ERR_INTERNAL', 'a refusal was performed');
}
