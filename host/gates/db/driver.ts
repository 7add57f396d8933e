import type { DriverResult, OutcomeFacts } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { Answer, EngineTransaction } from './engine.ts';
import type { DbFailure } from './failure.ts';
import type { DbTarget } from './request.ts';
import { toWit, type WitValue } from './value.ts';
import { tagOf } from './wit-error.ts';

/** The record `rows` of the WIT. */
export interface WitRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly WitValue[])[];
  readonly truncated: boolean;
}

/** The record `changes` of the WIT. */
export interface WitChanges {
  readonly rows: bigint;
  readonly lastRowId: bigint | undefined;
}

export type DbResult<Value> = DriverResult<Value, DbFailure>;

/** Performs prepared statements, and nothing that was not prepared. */
export interface DbDriver {
  readonly query: (grant: Grant<DbTarget>) => Promise<DbResult<WitRows>>;
  readonly execute: (grant: Grant<DbTarget>) => Promise<DbResult<WitChanges>>;
  readonly commit: (grant: Grant<EngineTransaction>) => Promise<DbResult<undefined>>;
}

/** The limits of one call: of configuration and policy, the lower. */
function limitsOf(
  { obligations }: Claim<DbTarget>,
  settings: { readonly maxRows: number; readonly timeoutMs: number },
) {
  return {
    maxRows: Math.min(settings.maxRows, obligations.rows ?? Infinity),
    timeoutMs: Math.min(settings.timeoutMs, obligations.timeoutMs ?? Infinity),
  };
}

/** Makes the driver of one run. */
export function createDbDriver(redeem: Redeem): DbDriver {
  const failed = (failure: DbFailure, facts: OutcomeFacts = {}): Extract<DbResult<never>, { status: 'failed' }> => ({
    status: 'failed',
    failure,
    code: failure === 'stale' ? 'schema-changed' : tagOf(failure),
    facts,
  });

  /** Opens the grant and does exactly what it holds. */
  async function perform(
    grant: Grant<DbTarget>,
  ): Promise<{ claim: Claim<DbTarget>; columns: readonly string[]; answer: Answer | DbFailure }> {
    const claim = redeem(grant);
    const { target } = claim;
    if (target.kind === 'unperformable') return { claim, columns: [], answer: target.failure };
    const { runner, statement, mode, parameters, settings } = target;
    const limits = limitsOf(claim, settings);
    const call = { mode, parameters, maxBytes: settings.target.maxBytes, ...limits };
    return { claim, columns: statement.facts.columns, answer: await runner.run(statement, call) };
  }

  return Object.freeze({
    async query(grant: Grant<DbTarget>): Promise<DbResult<WitRows>> {
      const { claim, columns, answer } = await perform(grant);
      const bytesOut = sentBytes(claim);
      if (typeof answer === 'string') return failed(answer);
      if (answer.status === 'failed') return failed(answer.failure, { bytesOut });
      if (answer.status !== 'rows') return failed('internal');
      const { rows, truncated, bytes } = answer;
      const value = { columns, rows: rows.map((row) => row.map(toWit)), truncated };
      const facts = {
        bytesIn: bytes,
        bytesOut,
        detail: { rows: rows.length, truncated },
        ...discharged(claim, rows.length),
      };
      return { status: 'ok', value, facts };
    },

    async execute(grant: Grant<DbTarget>): Promise<DbResult<WitChanges>> {
      const { claim, answer } = await perform(grant);
      const bytesOut = sentBytes(claim);
      if (typeof answer === 'string') return failed(answer);
      if (answer.status === 'failed') return failed(answer.failure, { bytesOut });
      if (answer.status !== 'changes') return failed('internal');
      const { rows, lastRowId } = answer;
      return {
        status: 'ok',
        value: { rows, lastRowId },
        facts: { bytesOut, detail: { rows: Number(rows) }, ...discharged(claim, 0) },
      };
    },

    async commit(grant: Grant<EngineTransaction>): Promise<DbResult<undefined>> {
      const failure = await redeem(grant).target.commit();
      return failure === undefined ? { status: 'ok', value: undefined } : failed(failure);
    },
  });
}

const sentBytes = ({ target }: Claim<DbTarget>): number => (target.kind === 'statement' ? target.bytes : 0);

/** The obligations that were met, with what they came to. */
function discharged({ obligations: { rows, timeoutMs } }: Claim<DbTarget>, returned: number): OutcomeFacts {
  if (rows === undefined && timeoutMs === undefined) return {};
  return {
    discharged: {
      ...(rows === undefined ? {} : { rows: returned }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
  };
}
