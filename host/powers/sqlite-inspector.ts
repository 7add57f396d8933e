import { performance } from 'node:perf_hooks';
import type { DatabaseInspector, SqliteTarget, StatementProblem } from '../gates/db/engine.ts';
import { openConnection, type SqliteConnection } from './sqlite-connection.ts';
import { NOT_A_DATABASE, sqliteError } from './sqlite-errors.ts';

/** Looks into SQLite files for the sake of a configuration. Changes nothing: it always opens for reading. */
export function createSqliteInspector(): DatabaseInspector {
  function look<Found>(target: SqliteTarget, ask: (connection: SqliteConnection) => Found): Found {
    const connection = openConnection({
      target: { ...target, writable: false },
      busyMs: 1_000,
      now: () => performance.now(),
    });
    try {
      return ask(connection);
    } finally {
      connection.close();
    }
  }

  return Object.freeze({
    database(target: SqliteTarget): 'not-a-database' | 'unreadable' | undefined {
      try {
        const seen = look(target, (connection) => connection.prepare('select count(*) from sqlite_schema', 1));
        return seen.status === 'prepared' ? undefined : 'not-a-database';
      } catch (thrown) {
        return sqliteError(thrown)?.primary === NOT_A_DATABASE ? 'not-a-database' : 'unreadable';
      }
    },
    statement(target: SqliteTarget, sql: string): StatementProblem | 'unreadable' | undefined {
      const preparation = look(target, (connection) => connection.prepare(sql, 1));
      if (preparation.status === 'prepared') return undefined;
      return preparation.status === 'refused' ? preparation.problem : 'unreadable';
    },
  });
}
