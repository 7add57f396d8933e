import { hash } from 'node:crypto';
import type { Intention } from '../../contracts/gate.ts';
import type { Access, AccessRequest, Attribute, Json, Parsed, Refusal } from '../../contracts/request.ts';
import type { DatabaseSettings, DbConfig } from './config.ts';
import type { Preparation, PreparedStatement, SqlValue, StatementFacts, StatementRunner, Touch } from './engine.ts';
import { FAILURE_TEXTS, type DbFailure } from './failure.ts';
import { canonicalColumn, canonicalTable, resourceOf } from './table-resource.ts';
import { fromWit, toJson, weightOf, type WitValue } from './value.ts';

/** Every action of this capability. */
export const ACTIONS: readonly string[] = ['db:select', 'db:insert', 'db:update', 'db:delete', 'db:schema'];

const ARGUMENTS: ReadonlySet<string> = new Set(['columns', 'statement']);

/** Whether rules may test `arg.NAME` for this capability. */
export const isDbArgument = (name: string): boolean => ARGUMENTS.has(name);

/** One call of the guest, before anything is known about its statement. */
export interface StatementCall {
  readonly database: string;
  readonly mode: 'query' | 'execute';
  readonly text: { readonly kind: 'sql'; readonly sql: string } | { readonly kind: 'named'; readonly name: string };
  readonly parameters: readonly WitValue[];
  /** The number of the run's transaction that it belongs to. */
  readonly transaction?: number;
}

/** A call whose database and text are known, and whose parameters are values. */
export interface StatementRequest {
  readonly call: StatementCall;
  readonly settings: DatabaseSettings;
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
  /** Bytes of the parameters. */
  readonly bytes: number;
}

/** What the driver performs. */
export type DbTarget =
  | {
      readonly kind: 'statement';
      readonly runner: StatementRunner;
      readonly statement: PreparedStatement;
      readonly mode: 'query' | 'execute';
      readonly parameters: readonly SqlValue[];
      readonly bytes: number;
      readonly settings: DatabaseSettings;
    }
  /** It cannot be performed. Whether the guest may learn why is decided first. */
  | { readonly kind: 'unperformable'; readonly failure: DbFailure };

/** The longest statement, in UTF-16 units. */
const MAX_SQL = 64 * 1024;
const MAX_PARAMETERS = 1_000;
const MAX_ACCESSES = 64;
const MAX_RESOURCE = 256;

/** A refusal by its failure; the text is fixed. What the statement does is not known, so the record names the call. */
export const refusal = (mode: 'query' | 'execute' | 'begin', failure: DbFailure): Refusal => ({
  refused: FAILURE_TEXTS[failure],
  action: `db:${mode}`,
});

/** Brings calls into canonical form, in two halves: the engine prepares the statement between them. */
export interface DbParser {
  readonly call: (call: StatementCall) => StatementRequest | Refusal;
  readonly statement: (
    request: StatementRequest,
    preparation: Preparation,
    runner: StatementRunner,
  ) => Parsed<DbTarget>;
  readonly intention: (intention: Intention) => Parsed<undefined>;
}

/** Makes the parser of one run. */
export function createDbParser(config: DbConfig): DbParser {
  const describe = createDescriber();
  return Object.freeze({
    call: (call: StatementCall) => parseCall(call, config),
    statement: (request: StatementRequest, preparation: Preparation, runner: StatementRunner) =>
      parseStatement(request, preparation, runner, describe),
    intention: (intention: Intention) => parseIntention(intention, config),
  });
}

/** The first half: what is asked, of which database, with which values. Nothing about the statement is known yet. */
function parseCall(call: StatementCall, config: DbConfig): StatementRequest | Refusal {
  const settings = config.databases.get(call.database);
  if (settings === undefined) return refusal(call.mode, 'unknown-database');
  const sql = call.text.kind === 'sql' ? call.text.sql : settings.statements.get(call.text.name);
  if (sql === undefined) return refusal(call.mode, 'unknown-statement');
  if (sql.length > MAX_SQL) return refusal(call.mode, 'complex');
  if (call.parameters.length > MAX_PARAMETERS) return refusal(call.mode, 'parameters');
  const parameters: SqlValue[] = [];
  let bytes = 0;
  for (const given of call.parameters) {
    const value = fromWit(given);
    if (value === undefined) return refusal(call.mode, 'parameter-value');
    bytes += weightOf(value);
    parameters.push(value);
  }
  if (bytes > settings.target.maxBytes) return refusal(call.mode, 'too-large');
  return { call, settings, sql, parameters, bytes };
}

/** The second half: from what the engine reports to what policy decides on. */
function parseStatement(
  request: StatementRequest,
  preparation: Preparation,
  runner: StatementRunner,
  describe: Describe,
): Parsed<DbTarget> {
  const { call, settings, parameters, bytes } = request;
  switch (preparation.status) {
    case 'failed':
      return refusal(call.mode, preparation.failure);
    case 'refused':
      return parseRefused(request, preparation);
    case 'prepared': {
      const { statement } = preparation;
      const { accesses, sqlDigest } = describe(call, statement);
      if (accesses === undefined) return refusal(call.mode, 'complex');
      const misuse = misuseOf(call.mode, statement.facts);
      const target: DbTarget =
        misuse === undefined
          ? { kind: 'statement', runner, statement, mode: call.mode, parameters, bytes, settings }
          : { kind: 'unperformable', failure: misuse };
      return accessRequest(request, accesses, target, sqlDigest);
    }
  }
}

/**
 * A statement that cannot be performed. Why tells something about the schema, so it is decided like the statement that
 * was meant: a guest that may not read a table learns the same about columns that are there and that are not.
 */
function parseRefused(
  request: StatementRequest,
  { problem, touches }: Extract<Preparation, { status: 'refused' }>,
): Parsed<DbTarget> {
  const { call, sql } = request;
  const accesses = accessesOf(call, touches);
  if (accesses === undefined) return refusal(call.mode, problem);
  return accessRequest(request, accesses, { kind: 'unperformable', failure: problem }, digestOf(sql));
}

/** Whether the function that was called is the wrong one for the statement. */
function misuseOf(mode: 'query' | 'execute', facts: StatementFacts): DbFailure | undefined {
  if (mode === 'query') return facts.columns.length === 0 ? 'returns-nothing' : undefined;
  const changes = facts.touches.some(({ verb }) => verb !== 'select');
  return changes && !facts.explains ? undefined : 'returns-rows';
}

interface Description {
  readonly accesses: readonly [Access, ...Access[]] | undefined;
  readonly sqlDigest: string;
}

type Describe = (call: StatementCall, statement: PreparedStatement) => Description;

/** What is said about a statement is the same each time: kept with its facts, for every name that it is called by. */
function createDescriber(): Describe {
  const descriptions = new WeakMap<StatementFacts, Map<string, Description>>();
  return (call: StatementCall, { facts, sql }: PreparedStatement): Description => {
    const key = `${call.database}\0${call.text.kind === 'named' ? call.text.name : ''}`;
    const known = descriptions.get(facts) ?? new Map<string, Description>();
    const description = known.get(key) ?? { accesses: accessesOf(call, facts.touches), sqlDigest: digestOf(sql) };
    descriptions.set(facts, known.set(key, description));
    return description;
  };
}

function accessesOf(call: StatementCall, touches: readonly Touch[]): readonly [Access, ...Access[]] | undefined {
  const named = call.text.kind === 'named' ? call.text.name : undefined;
  const [first, ...rest] = touches.map(({ verb, schema, table, columns }): Access => {
    const attributes = new Map<string, Attribute>();
    if (columns.length > 0) attributes.set('columns', columns);
    if (named !== undefined) attributes.set('statement', named);
    return { action: `db:${verb}`, resource: resourceOf(call.database, table, schema), attributes };
  });
  if (first === undefined || rest.length >= MAX_ACCESSES) return undefined;
  return [first, ...rest].some(({ resource }) => resource.length > MAX_RESOURCE) ? undefined : [first, ...rest];
}

const digestOf = (sql: string): string => `sha256:${hash('sha256', sql, 'hex')}`;

function accessRequest(
  { call, sql, parameters }: StatementRequest,
  accesses: readonly [Access, ...Access[]],
  target: DbTarget,
  sqlDigest: string,
): AccessRequest<DbTarget> {
  const statement: Record<string, Json> =
    call.text.kind === 'named' ? { statement: call.text.name } : { sqlDigest, sqlBytes: Buffer.byteLength(sql) };
  const transaction: Record<string, Json> = call.transaction === undefined ? {} : { transaction: call.transaction };
  return {
    capability: 'db',
    accesses,
    target,
    summary: { database: call.database, ...statement, parameters: parameters.length, ...transaction },
    // Made only where a rule asks for it.
    get payload(): { readonly [key: string]: Json } {
      return { sql: sql.toWellFormed(), parameters: parameters.map(toJson) };
    },
  };
}

/** Brings an intention into the form that an attempt would have. */
function parseIntention({ action, resource, attributes }: Intention, config: DbConfig): Parsed<undefined> {
  if (!ACTIONS.includes(action)) return { refused: 'action: not one of this capability', action };
  const [, database = '', table = ''] = /^db:([^/\p{Cc}]+)\/([^/\p{Cc}]+)$/u.exec(resource) ?? [];
  const settings = config.databases.get(database);
  if (settings === undefined) return { refused: FAILURE_TEXTS['unknown-database'], action };
  const { kind } = settings.target;
  const canonical = canonicalTable(kind, database, table);
  if (canonical === undefined) {
    const form = kind === 'sqlite' ? 'db:NAME/TABLE' : 'db:NAME/SCHEMA.TABLE';
    return { refused: `resource: not in the form ${form}`, action };
  }
  if (canonical.length > MAX_RESOURCE) return { refused: FAILURE_TEXTS.complex, action };
  const named = new Map<string, Attribute>();
  const columns = attributes.get('columns');
  const statement = attributes.get('statement');
  if (columns !== undefined)
    named.set(
      'columns',
      [columns]
        .flat()
        .map((name) => canonicalColumn(kind, String(name)))
        .sort(),
    );
  if (typeof statement === 'string') named.set('statement', statement);
  const access: Access = { action, resource: canonical, attributes: named };
  return { capability: 'db', accesses: [access], target: undefined, summary: { database } };
}
