import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { getBuiltinModule } from 'node:process';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CarriedLabels } from '../contracts/label.ts';

/** By name: what stands between others may change in the order of labels. All names are kept, so that nothing sinks. */
const SCHEMA =
  'CREATE TABLE IF NOT EXISTS written_label (resource TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (resource, label)) ' +
  'STRICT, WITHOUT ROWID';
const BUSY_MS = 5_000;

interface Opened {
  readonly database: DatabaseSync;
  readonly read: StatementSync;
  readonly readBelow: StatementSync;
  readonly raise: StatementSync;
}

/**
 * Labels in a SQLite file that all hosts of a configuration share. It is opened when it is there and something is asked,
 * or when the first label is written along: where nobody has labels, a question costs a look for the file. A label that
 * `order` does not have, from the least to the most sensitive, counts as more than all of them.
 */
export function createCarriedLabels(file: string, order: readonly string[]): CarriedLabels {
  let opened: Opened | undefined;

  function open(): Opened {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Only now: loading it takes longer than starting many a cell, and few runs have labels.
    const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
    const database = new Database(file, { timeout: BUSY_MS });
    // A label must be on the disk before what it is for: that may outlast a loss of power.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(SCHEMA);
    return {
      database,
      read: database.prepare('SELECT label FROM written_label WHERE resource = ?'),
      readBelow: database.prepare(
        'SELECT DISTINCT label FROM written_label WHERE resource = ? OR (resource >= ? AND resource < ?)',
      ),
      raise: database.prepare('INSERT OR IGNORE INTO written_label (resource, label) VALUES (?, ?)'),
    };
  }

  /** Another run may have made it a moment ago. */
  const present = (): Opened | undefined =>
    opened === undefined && !existsSync(file) ? undefined : (opened ??= open());

  const highest = (rows: readonly Record<string, unknown>[]): number | undefined => {
    const ranks = rows.map(({ label }) => (typeof label === 'string' ? order.indexOf(label) : -1));
    return ranks.length === 0 ? undefined : Math.max(...ranks.map((rank) => (rank < 0 ? order.length : rank)));
  };

  const rankOf = (resource: string): number | undefined => {
    const database = present();
    return database && highest(database.read.all(resource));
  };

  return Object.freeze({
    rankOf,
    rankBelow(directory: string): number | undefined {
      const start = directory === '/' ? '' : directory;
      // `0` is the character after `/`.
      const database = present();
      return database && highest(database.readBelow.all(directory, `${start}/`, `${start}0`));
    },
    raise(resource: string, rank: number): void {
      const known = rankOf(resource) ?? -1;
      // Most that is written stands there already. A label that is not in the order says nothing of those that are.
      if (known >= rank && known < order.length) return;
      opened ??= open();
      opened.raise.run(resource, order[rank] ?? UNKNOWN);
    },
    close: () => opened?.database.close(),
  });
}

/** No configuration has such a label. */
const UNKNOWN = '';
