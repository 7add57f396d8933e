import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { getBuiltinModule } from 'node:process';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CarriedLabels } from '../contracts/label.ts';

const SCHEMA =
  'CREATE TABLE IF NOT EXISTS carried_label (resource TEXT PRIMARY KEY, rank INTEGER NOT NULL) STRICT, WITHOUT ROWID';
const BUSY_MS = 5_000;

interface Opened {
  readonly database: DatabaseSync;
  readonly read: StatementSync;
  readonly raise: StatementSync;
}

/**
 * Labels in a SQLite file that all hosts of a configuration share. It is opened when it is there and something is asked,
 * or when the first label is written along: where nobody has labels, a question costs a look for the file.
 */
export function createCarriedLabels(file: string): CarriedLabels {
  let opened: Opened | undefined;

  function open(): Opened {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Only now: loading it takes longer than starting many a cell, and few runs have labels.
    const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
    const database = new Database(file, { timeout: BUSY_MS });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(SCHEMA);
    return {
      database,
      read: database.prepare('SELECT rank FROM carried_label WHERE resource = ?'),
      raise: database.prepare(
        'INSERT INTO carried_label (resource, rank) VALUES (?, ?) ' +
          'ON CONFLICT (resource) DO UPDATE SET rank = max(rank, excluded.rank)',
      ),
    };
  }

  return Object.freeze({
    rankOf(resource: string): number | undefined {
      // Another run may have made it a moment ago.
      if (opened === undefined && !existsSync(file)) return undefined;
      opened ??= open();
      const rank = opened.read.get(resource)?.['rank'];
      return typeof rank === 'number' ? rank : undefined;
    },
    raise(resource: string, rank: number): void {
      opened ??= open();
      opened.raise.run(resource, rank);
    },
    close: () => opened?.database.close(),
  });
}
