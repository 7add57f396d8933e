import type { PostgresTarget } from '../gates/db/engine.ts';
import type { AskServer } from './postgres-catalog.ts';
import {
  openPostgres,
  sessionSettings,
  type ConnectionPowers,
  type PostgresConnection,
} from './postgres-connection.ts';
import type { Described, Ended, OnRow, Step } from './postgres-exchange.ts';

/** Where a connection is when it is wanted: it is opened with the first call, and again where it was lost. */
export interface Slot {
  /** Statements of the host's own (`begin`, `commit`) or of the guest, in one round trip. */
  run(statements: readonly Statement[], limits: RunLimits): Promise<Ended>;
  describe(name: string, sql: string, timeoutMs: number): Promise<Described>;
  readonly ask: AskServer;
  /** True once a connection was there and is no more. */
  readonly isLost: () => boolean;
  readonly brokenBy: PostgresConnection['brokenBy'];
  /** Ends what is under way because it is too large. */
  overflow(): void;
  /** Makes it as new for another use. Closes it where that fails. */
  reset(): void;
  close(): void;
}

/** A statement by the name under which the server keeps it. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
  readonly values?: Step['values'];
  readonly rows?: number;
}

export interface RunLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly onRow?: OnRow;
}

/** A statement of the host's own, without parameters. */
export const command = (sql: string): Statement => ({ name: `host ${sql}`, sql });

const OWN_LIMITS: RunLimits = { timeoutMs: 5_000, maxBytes: 64 * 1024 * 1024 };
/** The most statements that the server keeps for one connection. */
const MOST_KEPT = 256;
/** The grammar here must know all that the server's does. */
const OLDEST_SERVER = 150_000;
const NEWEST_SERVER = 190_000;

/** Makes a slot; nothing is opened yet. */
export function createSlot(target: PostgresTarget, powers: ConnectionPowers): Slot {
  const kept = new Map<string, string>();
  let connection: PostgresConnection | undefined;
  let opening: Promise<PostgresConnection> | undefined;
  let resetting: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function open(): Promise<PostgresConnection> {
    if (closed) throw new Error('the run is over');
    kept.clear();
    const opened = await openPostgres(target, powers);
    connection = opened;
    // It may have been closed while the connection was on its way.
    if (closed as boolean) opened.close();
    await confirmSettings(opened, target);
    return opened;
  }

  async function current(): Promise<PostgresConnection> {
    await resetting;
    if (connection?.isOpen() === true) return connection;
    opening ??= open().finally(() => (opening = undefined));
    return opening;
  }

  async function run(statements: readonly Statement[], limits: RunLimits): Promise<Ended> {
    const opened = connection?.isOpen() === true && opening === undefined ? connection : await current();
    const steps = statements.map(({ name, sql, values = [], rows = 0 }): Step => {
      return kept.get(name) === sql ? { name, values, rows } : { name, text: sql, values, rows };
    });
    const ended = await opened.run(steps, limits.onRow ?? (() => undefined), limits);
    // After a failure nobody knows which of them the server has read; what it has is replaced.
    if (ended.status === 'done') for (const { name, sql } of statements) kept.set(name, sql);
    else for (const { text, name } of steps) if (text !== undefined) kept.delete(name);
    trim(opened);
    return ended;
  }

  function trim(opened: PostgresConnection): void {
    const [oldest] = kept.keys();
    if (kept.size <= MOST_KEPT || oldest === undefined) return;
    kept.delete(oldest);
    opened.drop(oldest);
  }

  async function ask(sql: string, parameters: readonly (readonly string[])[]): Promise<readonly string[]> {
    const rows: string[] = [];
    const statement = { name: `host ${sql.slice(0, 40)} ${sql.length}`, sql, values: parameters.map(arrayOf) };
    const onRow = ([field]: readonly (string | null)[]): void => void rows.push(field ?? '');
    const ended = await run([statement], { ...OWN_LIMITS, onRow });
    if (ended.status === 'failed') throw ended.error;
    return rows;
  }

  function reset(): void {
    const used = connection;
    if (used?.isOpen() !== true) return;
    kept.clear();
    resetting = used
      .run([{ ...command('discard all'), text: 'discard all', values: [], rows: 0 }], () => undefined, OWN_LIMITS)
      .then((ended) => {
        if (ended.status === 'failed') used.close();
      });
  }

  return Object.freeze({
    run,
    ask,
    async describe(name: string, sql: string, timeoutMs: number): Promise<Described> {
      const opened = await current();
      const described = await opened.describe(name, sql, { ...OWN_LIMITS, timeoutMs });
      if (described.status === 'described') kept.set(name, sql);
      trim(opened);
      return described;
    },
    isLost: () => connection?.isOpen() === false,
    brokenBy: () => connection?.brokenBy(),
    overflow: () => connection?.breakOff('too-large'),
    reset,
    close(): void {
      closed = true;
      connection?.close();
    },
  });
}

/** An array of texts as Postgres writes it. */
const arrayOf = (items: readonly string[]): string =>
  `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

/** A server in between could have dropped the settings: they are asked for. */
async function confirmSettings(connection: PostgresConnection, target: PostgresTarget): Promise<void> {
  const wanted = new Map([...sessionSettings(target), ['server_encoding', 'UTF8']]);
  const names = [...wanted.keys(), 'server_version_num'];
  const found = new Map<string, string>();
  const text = 'select n, current_setting(n) from unnest($1::text[]) n';
  const ended = await connection.run(
    [{ name: '', text, values: [arrayOf(names)], rows: 0 }],
    ([name, value]) => found.set(name ?? '', value ?? ''),
    OWN_LIMITS,
  );
  const version = Number(found.get('server_version_num'));
  const wrong =
    ended.status === 'failed'
      ? 'its settings cannot be read'
      : version < OLDEST_SERVER || version >= NEWEST_SERVER
        ? `its version, ${version}, is not one that the grammar here fits`
        : [...wanted].map(([name, value]) => (sameSetting(found.get(name), value) ? '' : name)).find(Boolean);
  if (wrong === undefined) return;
  connection.close();
  throw new Error(`the server is not as it must be: ${wrong}`);
}

const sameSetting = (found: string | undefined, wanted: string): boolean =>
  found?.toLowerCase().replaceAll('"', '') === wanted.toLowerCase().replaceAll('"', '');
