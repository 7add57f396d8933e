import { Worker } from 'node:worker_threads';

/** A worker that has loaded its entry file and waits for its one run. Starting one takes longer than many a run. */
export interface WarmCell {
  /** The worker, once; `undefined` if it was taken before or has ended. */
  take(): Worker | undefined;
  /** Ends it, if nobody took it. */
  close(): Promise<void>;
}

export interface CellShape {
  /** The file that calls `serveCell`. */
  readonly entry: URL;
  /** The JavaScript heap of the cell, gates and policy included. 256 MiB where absent. */
  readonly heapMebibytes?: number;
}

/** Starts the worker of a cell: no environment, no flags of the parent's, no terminal. */
export function startWorker({ entry, heapMebibytes }: CellShape): Worker {
  return new Worker(entry, {
    env: {},
    execArgv: [], // the parent's flags are inherited otherwise
    argv: [],
    stdin: false,
    stdout: true, // nothing of the guest's reaches the real terminal
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMebibytes ?? 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
}

/**
 * Starts a cell before it is known what will run in it. It holds nothing of any run, is used for one, and does not keep
 * the process alive.
 */
export function warmThreadCell(shape: CellShape): WarmCell {
  let worker: Worker | undefined = startWorker(shape);
  const gone = (): void => {
    worker = undefined;
  };
  worker.on('error', gone); // whoever wants a cell then starts one, and hears why it cannot
  worker.on('exit', gone);
  worker.unref();
  return Object.freeze({
    take(): Worker | undefined {
      const taken = worker;
      worker = undefined;
      taken?.off('error', gone).off('exit', gone).ref();
      return taken;
    },
    async close(): Promise<void> {
      const idle = worker;
      worker = undefined;
      await idle?.terminate();
    },
  });
}
