import { after, type Pending } from '../../contracts/pending.ts';
import type { Access, AccessRequest } from '../../contracts/request.ts';
import type { WitChanges, WitRows } from './driver.ts';
import type { EngineTransaction } from './engine.ts';
import type { StatementCall } from './request.ts';
import type { WitValue } from './value.ts';
import { throwFailure } from './wit-error.ts';

/** The most different changes of one transaction. */
const MAX_WRITES = 256;

/** One open transaction of the run, and what it has changed so far. */
export interface OpenTransaction {
  readonly database: string;
  /** From 1, in the order of the run. */
  readonly number: number;
  readonly engine: EngineTransaction;
  readonly isOver: () => boolean;
  /** True if nothing more can be noted: then it cannot go on. */
  readonly isFull: () => boolean;
  end(): void;
  /** Notes what a statement was allowed to do. */
  performed(accesses: readonly Access[]): void;
  /**
   * What committing asks of the policy: everything that becomes permanent by it, once more. `undefined` where nothing
   * does: then there is nothing to decide and nothing to record.
   */
  commitRequest(): AccessRequest<EngineTransaction> | undefined;
}

/** Makes the books of one transaction. */
export function createOpenTransaction(
  database: string,
  number: number,
  engine: EngineTransaction,
  ended: () => void,
): OpenTransaction {
  const writes = new Map<string, Access>();
  let over = false;

  return Object.freeze({
    database,
    number,
    engine,
    isOver: () => over,
    isFull: () => writes.size > MAX_WRITES,
    end(): void {
      over = true;
      ended();
    },
    performed(accesses: readonly Access[]): void {
      for (const access of accesses) {
        if (access.action === 'db:select') continue;
        writes.set(JSON.stringify([access.action, access.resource, [...access.attributes]]), access);
      }
    },
    commitRequest(): AccessRequest<EngineTransaction> | undefined {
      const [first, ...rest] = writes.values();
      if (first === undefined) return undefined;
      return { capability: 'db', accesses: [first, ...rest], target: engine, summary: { database, commit: number } };
    },
  });
}

/** Rolls back for nobody. Where the engine has failed there is nothing left to undo: its journal has seen to it. */
function abandon(engine: EngineTransaction): void {
  try {
    const undone = engine.rollback();
    if (undone instanceof Promise) undone.catch(() => undefined);
  } catch {
    // see above
  }
}

/** What the resource does with its calls. */
export interface TransactionCalls {
  query(call: StatementCall, open: OpenTransaction): Pending<WitRows>;
  execute(call: StatementCall, open: OpenTransaction): Pending<WitChanges>;
  commit(open: OpenTransaction): Pending<undefined>;
}

/** The class behind the WIT resource `transaction`, for one run. The guest can make none: only `begin` returns one. */
export function createTransactionResource(calls: TransactionCalls): new (open: OpenTransaction) => object {
  const call = (
    { database, number }: OpenTransaction,
    mode: 'query' | 'execute',
    text: StatementCall['text'],
    parameters: readonly WitValue[],
  ): StatementCall => ({ database, mode, text, parameters, transaction: number });

  return class Transaction {
    readonly #open: OpenTransaction;

    constructor(open: OpenTransaction) {
      this.#open = open;
    }

    query(sql: string, parameters: readonly WitValue[]): Pending<WitRows> {
      return calls.query(call(this.#open, 'query', { kind: 'sql', sql }, parameters), this.#open);
    }

    execute(sql: string, parameters: readonly WitValue[]): Pending<WitChanges> {
      return calls.execute(call(this.#open, 'execute', { kind: 'sql', sql }, parameters), this.#open);
    }

    queryNamed(name: string, parameters: readonly WitValue[]): Pending<WitRows> {
      return calls.query(call(this.#open, 'query', { kind: 'named', name }, parameters), this.#open);
    }

    executeNamed(name: string, parameters: readonly WitValue[]): Pending<WitChanges> {
      return calls.execute(call(this.#open, 'execute', { kind: 'named', name }, parameters), this.#open);
    }

    commit(): Pending<undefined> {
      return calls.commit(this.#open);
    }

    rollback(): Pending<undefined> {
      if (this.#open.isOver()) return throwFailure('transaction-over');
      this.#open.end();
      return after(this.#open.engine.rollback(), () => undefined);
    }

    [Symbol.dispose](): void {
      if (this.#open.isOver()) return;
      this.#open.end();
      abandon(this.#open.engine);
    }
  };
}
