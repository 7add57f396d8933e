import { after, type Pending } from '../../contracts/pending.ts';
import type { RunSecrets, SecretMask } from '../../contracts/run-secrets.ts';
import type { DriverResult, OutcomeFacts } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { Redaction, Redactors } from '../../redaction/redactor.ts';
import type { Answer, EngineFailure, EngineTransaction, PreparedStatement, SqlValue } from './engine.ts';
import type { DbFailure } from './failure.ts';
import { mayCopyMasked, redactedRows, redactedValue } from './redacted-rows.ts';
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

/** What a statement did, besides its answer. */
interface Performed {
  readonly statement: PreparedStatement;
  readonly redaction: Redaction | undefined;
}

/** Performs prepared statements, and nothing that was not prepared. */
export interface DbDriver {
  readonly query: (grant: Grant<DbTarget>) => Pending<DbResult<WitRows>>;
  readonly execute: (grant: Grant<DbTarget>) => Pending<DbResult<WitChanges>>;
  readonly commit: (grant: Grant<EngineTransaction>) => Pending<DbResult<undefined>>;
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

/** Hides secrets in a value of a row. */
function masked(value: SqlValue, mask: SecretMask): SqlValue {
  if (typeof value === 'string') return mask.text(value);
  return value instanceof Uint8Array ? mask.bytes(value) : value;
}

/** Makes the driver of one run. */
export function createDbDriver(redeem: Redeem, redactors: Redactors, secrets?: RunSecrets): DbDriver {
  const failed = (failure: DbFailure, facts: OutcomeFacts = {}): Extract<DbResult<never>, { status: 'failed' }> => ({
    status: 'failed',
    failure,
    code: failure === 'stale' ? 'schema-changed' : tagOf(failure),
    facts,
    ...(failure === 'stale' ? { nothingDone: true as const } : {}),
  });

  /** What the database's own rights refuse is a denial like any other: it tells the guest no more. */
  const notDone = (failure: EngineFailure, facts: OutcomeFacts): DbResult<never> =>
    failure === 'forbidden' ? { status: 'denied', reason: 'protected-resource', facts } : failed(failure, facts);

  /** Opens the grant and does exactly what it holds. */
  function perform<Value>(
    grant: Grant<DbTarget>,
    succeeded: (answer: Answer, claim: Claim<DbTarget>, performed: Performed) => DbResult<Value>,
  ): Pending<DbResult<Value>> {
    const claim = redeem(grant);
    const { target } = claim;
    if (target.kind === 'unperformable') return failed(target.failure);
    const { runner, statement, mode, bytes, settings } = target;
    if (!claim.takeBytes(bytes)) return { status: 'denied', reason: 'budget-exhausted' };
    const redaction = redactors.begin(claim.obligations.redact);
    const parameters =
      redaction === undefined ? target.parameters : target.parameters.map((value) => redactedValue(value, redaction));
    const unmaskable = redaction === undefined ? undefined : unmaskableOf(statement, claim, redaction);
    if (unmaskable !== undefined)
      return { status: 'denied', reason: 'unsupported-obligation', facts: { detail: { redact: unmaskable } } };
    const maxBytes = Math.min(settings.target.maxBytes, claim.obligations.bytes ?? Infinity);
    const call = { mode, parameters, maxBytes, ...limitsOf(claim, settings) };
    return after(runner.run(statement, call), (answer) =>
      answer.status === 'failed'
        ? notDone(answer.failure, { bytesOut: bytes })
        : succeeded(answer, claim, { statement, redaction }),
    );
  }

  /** What must be masked cannot be, in a statement: another text would be another statement than was decided. */
  function unmaskableOf(
    { sql, facts }: PreparedStatement,
    { obligations }: Claim<DbTarget>,
    redaction: Redaction,
  ): string | undefined {
    const look = redactors.begin(obligations.redact);
    if (look !== undefined && look.text(sql) !== sql) return 'statement';
    if (mayCopyMasked(facts, redaction)) return 'column';
    return redaction.isCut() ? 'binary-parameter' : undefined;
  }

  return Object.freeze({
    query: (grant: Grant<DbTarget>) =>
      perform(grant, (answer, claim, { statement, redaction }): DbResult<WitRows> => {
        if (answer.status !== 'rows') return failed('internal');
        const { truncated, bytes } = answer;
        const mask = secrets?.mask();
        const shown =
          mask === undefined ? answer.rows : answer.rows.map((row) => row.map((value) => masked(value, mask)));
        const rows = redaction === undefined ? shown : redactedRows(shown, statement, redaction);
        const { columns } = statement.facts;
        const value = { columns, rows: rows.map((row) => row.map(toWit)), truncated };
        const facts = {
          bytesIn: bytes,
          bytesOut: sentBytes(claim),
          detail: { rows: rows.length, truncated },
          ...discharged(claim, rows.length, redaction),
        };
        // What the statement did is done; what it found is handed to nobody.
        if (!claim.takeBytes(bytes)) return { status: 'denied', reason: 'budget-exhausted', begun: true, facts };
        return { status: 'ok', value, facts };
      }),

    execute: (grant: Grant<DbTarget>) =>
      perform(grant, (answer, claim, { redaction }): DbResult<WitChanges> => {
        if (answer.status !== 'changes') return failed('internal');
        const { rows, lastRowId } = answer;
        return {
          status: 'ok',
          value: { rows, lastRowId },
          facts: { bytesOut: sentBytes(claim), detail: { rows: Number(rows) }, ...discharged(claim, 0, redaction) },
        };
      }),

    commit: (grant: Grant<EngineTransaction>) =>
      after(redeem(grant).target.commit(), (failure): DbResult<undefined> =>
        failure === undefined ? { status: 'ok', value: undefined } : failed(failure),
      ),
  });
}

const sentBytes = ({ target }: Claim<DbTarget>): number => (target.kind === 'statement' ? target.bytes : 0);

/** The obligations that were met, with what they came to. */
function discharged(
  { obligations: { rows, timeoutMs } }: Claim<DbTarget>,
  returned: number,
  redaction: Redaction | undefined,
): OutcomeFacts {
  if (rows === undefined && timeoutMs === undefined && redaction === undefined) return {};
  return {
    discharged: {
      ...(rows === undefined ? {} : { rows: returned }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(redaction === undefined ? {} : { redact: redaction.counts() }),
    },
  };
}
