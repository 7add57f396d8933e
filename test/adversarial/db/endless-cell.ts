import { writeFileSync } from 'node:fs';
import type { Call, PreparedStatement, SqliteTarget } from '../../../host/gates/db/engine.ts';
import { createSqliteEngine } from '../../../host/powers/sqlite-engine.ts';
import { serveCell } from '../../../host/sandbox/cell-worker.ts';

/** What the test tells the cell. */
export interface EndlessCell {
  readonly target: SqliteTarget;
  readonly sql: string;
  /** Written when the statement is about to run; holds the process that runs it. */
  readonly marker: string;
}

const CALL: Call = { mode: 'query', parameters: [], maxRows: 1, maxBytes: 1000, timeoutMs: 600_000 };

/** The entry of a cell that does nothing but wait for one statement, for ten minutes. */
serveCell(async ({ data, ledger }) => {
  const { target, sql, marker } = data as EndlessCell; // the test made it
  let noted = 0;
  const engine = createSqliteEngine({
    started(pid) {
      noted = pid;
      ledger.started(pid);
    },
    ended: (pid) => ledger.ended(pid),
  });
  const session = engine.open(target);
  const preparation = await session.guest.prepare(sql);
  const { statement } = preparation as { readonly statement: PreparedStatement }; // it is served
  writeFileSync(marker, String(noted));
  const answer = await session.guest.run(statement, CALL);
  await session.close();
  return { kind: 'ok', output: JSON.stringify(answer) };
});
