import { performance } from 'node:perf_hooks';
import type { ColumnOrigin, PostgresTarget, Preparation, StatementFacts, Touch } from '../gates/db/engine.ts';
import { readCatalog, type Catalog } from './postgres-catalog.ts';
import { failureOf, preparationProblem, stateOf } from './postgres-errors.ts';
import type { Field } from './postgres-exchange.ts';
import { touchesOf } from './postgres-facts.ts';
import type { Grammar } from './postgres-grammar.ts';
import { StatementRefusal } from './postgres-nodes.ts';
import type { Slot } from './postgres-slot.ts';
import { vetStatement, type VettedStatement } from './postgres-statement.ts';
import { decoderOf, type Decoder } from './postgres-values.ts';

/** What is known of a statement that the server has read. */
export interface KnownStatement {
  readonly preparation: Extract<Preparation, { status: 'prepared' }>;
  /** The name by which servers keep it. */
  readonly name: string;
  readonly writes: boolean;
  readonly parameters: readonly number[];
  readonly decoders: readonly Decoder[];
  readonly catalog: Catalog;
  /** When the catalogue last said the same, milliseconds. */
  checkedMs: number;
}

/** Prepares statements: each text once, as long as the catalogue stays as it was. */
export interface Preparer {
  prepare(sql: string): Preparation | Promise<Preparation>;
  known(handle: number): KnownStatement | undefined;
  forget(sql: string): void;
}

/** How long facts are good without asking the catalogue again: the time in which a changed schema may go unseen. */
const FRESH_MS = 1_000;
const MOST_KNOWN = 256;
/** Each round follows views and foreign keys one step further. */
const MOST_ROUNDS = 24;

/** What must be allowed to whoever learns that a name is unknown. */
const CATALOGUE: readonly Touch[] = [
  { verb: 'select', schema: 'information_schema', table: 'columns', columns: ['column_name'] },
];

/** Makes the preparer of one session. */
export function createPreparer(target: PostgresTarget, slot: Slot, grammar: () => Promise<Grammar>): Preparer {
  const byText = new Map<string, KnownStatement>();
  const byHandle = new Map<number, KnownStatement>();
  let handles = 0;

  function forget(sql: string): void {
    const known = byText.get(sql);
    byText.delete(sql);
    if (known !== undefined) byHandle.delete(known.preparation.statement.handle);
  }

  async function again(sql: string, known: KnownStatement): Promise<Preparation> {
    try {
      if (await known.catalog.holds()) {
        known.checkedMs = performance.now();
        return known.preparation;
      }
    } catch (error) {
      return { status: 'failed', failure: slot.brokenBy() ?? failureOf(stateOf(error)) };
    }
    forget(sql);
    return first(sql);
  }

  async function first(sql: string): Promise<Preparation> {
    try {
      const parse = (await grammar()).parse(sql);
      if (parse.status === 'refused') return { status: 'refused', problem: parse.problem, touches: [] };
      const vetted = vetStatement(parse.statement);
      if (vetted.recursive && !target.recursive) return { status: 'refused', problem: 'unserved', touches: [] };
      return await resolve(sql, vetted);
    } catch (error) {
      if (error instanceof StatementRefusal) return refused(error.problem);
      const state = stateOf(error);
      if (state === undefined && !slot.isLost() && error instanceof RangeError) throw error;
      return { status: 'failed', failure: slot.brokenBy() ?? failureOf(state) };
    }
  }

  async function resolve(sql: string, vetted: VettedStatement): Promise<Preparation> {
    const checkedMs = performance.now();
    const catalog = await readCatalog(slot.ask, target.schemas, vetted.names, vetted);
    if (catalog.shadowed) return refused('unserved');
    let reading = touchesOf(vetted, catalog, target.triggers);
    for (let round = 0; reading.status === 'incomplete'; round += 1) {
      if (round === MOST_ROUNDS) return refused('complex');
      await catalog.extend(reading.missing);
      reading = touchesOf(vetted, catalog, target.triggers);
    }
    const { touches } = reading;
    const handle = ++handles;
    const name = `s${handle}`;
    const described = await slot.describe(name, sql, target.timeoutMs);
    if (described.status === 'failed') {
      const problem = preparationProblem(stateOf(described.error));
      return isProblem(problem) ? refused(problem, touches) : { status: 'failed', failure: slot.brokenBy() ?? problem };
    }
    const facts: StatementFacts = {
      touches,
      columns: described.fields.map((field) => field.name),
      origins: described.fields.map((field) => originOf(field, catalog)),
      parameters: described.parameters.length,
      inserts: vetted.root.type === 'InsertStmt',
      explains: vetted.explains,
    };
    const known: KnownStatement = {
      preparation: { status: 'prepared', statement: { handle, sql, facts } },
      name,
      writes: touches.some(({ verb }) => verb !== 'select'),
      parameters: described.parameters,
      decoders: described.fields.map(({ dataTypeID }) => decoderOf(dataTypeID)),
      catalog,
      checkedMs,
    };
    keep(sql, known);
    return known.preparation;
  }

  function keep(sql: string, known: KnownStatement): void {
    byText.set(sql, known);
    byHandle.set(known.preparation.statement.handle, known);
    const [oldest] = byText.keys();
    if (byText.size > MOST_KNOWN && oldest !== undefined) forget(oldest);
  }

  return Object.freeze({
    prepare(sql: string): Preparation | Promise<Preparation> {
      const known = byText.get(sql);
      if (known === undefined) return first(sql);
      return performance.now() - known.checkedMs < FRESH_MS ? known.preparation : again(sql, known);
    },
    known: (handle: number) => byHandle.get(handle),
    forget,
  });
}

/** A view's column says nothing of where its values come from. */
function originOf({ tableID, columnID }: Field, catalog: Catalog): ColumnOrigin | null {
  const relation = catalog.byOid(String(tableID));
  if (relation === undefined || relation.kind === 'v') return null;
  const column = relation.columns[relation.numbers.indexOf(columnID)];
  return column === undefined ? null : { schema: relation.schema, table: relation.name, column };
}

type Problem = Extract<Preparation, { status: 'refused' }>['problem'];
const PROBLEMS: ReadonlySet<string> = new Set<Problem>(['syntax', 'not-one', 'complex', 'unresolved', 'unserved']);
const isProblem = (text: string): text is Problem => PROBLEMS.has(text);

const refused = (problem: Problem, touches: readonly Touch[] = []): Preparation => ({
  status: 'refused',
  problem,
  touches: problem === 'unresolved' ? CATALOGUE : touches,
});
