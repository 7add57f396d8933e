import type { AgentRun } from '../runs/agent-run-plan.ts';
import { poolKey } from './cell-plan.ts';
import type { Cells } from './cells.ts';
import type { CellProcess } from '../sandbox/cell-process.ts';
import type { ThreadCellOptions } from '../sandbox/thread-cell.ts';
import type { WarmCell } from '../sandbox/warm-cell.ts';

/** The cell of one run, while it is not certain that there will be a run. */
export interface CellChoice {
  /** The cell. Rejects with `HostError` where there can be none. The run has to begin before anything is waited for. */
  settled(): Promise<Pick<ThreadCellOptions, 'warm' | 'process'>>;
  /** Ends what was chosen: there is no run. */
  close(): Promise<void>;
}

/** Takes a cell that waits for such a run, or starts what takes longest of a new one. `component` is a digest. */
export function chooseCell(run: AgentRun, component: string, cells: Cells): CellChoice {
  const { cell, callers } = run;
  // Cells of the pool are open for runs that nobody else began.
  const pooled = cell === 'shared' || callers.length > 0 ? undefined : cells.pool.take(poolKey(run, component));
  let starting = pooled === undefined ? startProcess(run, cells) : undefined;
  starting?.catch(() => undefined); // told to the run that waits for it

  return Object.freeze({
    async settled() {
      // It may have ended in the meantime.
      if (pooled?.isThere() === true)
        return { warm: pooled, ...(cell === 'process' ? { process: 'warm' as const } : {}) };
      const process = await (starting ??= startProcess(run, cells));
      const warm: WarmCell | undefined = cell === 'shared' ? cells.shared.place() : cells.spare();
      return { ...(warm === undefined ? {} : { warm }), ...(process === undefined ? {} : { process }) };
    },
    async close(): Promise<void> {
      await pooled?.close();
      await starting?.then(
        (process) => process?.close(),
        () => undefined, // what went wrong first is told
      );
    },
  });
}

/** A process for the guest, where its run is to have one. */
async function startProcess({ cell, agent, limits }: AgentRun, { processes }: Cells): Promise<CellProcess | undefined> {
  switch (cell) {
    case 'shared':
    case 'thread':
      return undefined;
    case 'process':
      return processes.start(limits, agent.digest !== undefined);
  }
}
