import { Worker } from 'node:worker_threads';
import type { CellThread } from './cell-thread.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../contracts/limits.ts';
import type { FromCell } from './cell-message.ts';
import type { CellProcess } from './cell-process.ts';
import { endGuards, killNoted } from './process-ledger.ts';
import { openCell, type CellMemory, type CellOpening } from './open-cell.ts';
import { createProcessWatch } from './process-watch.ts';

/** A worker for one run; `memory` is there if it was opened for it, `process` if its guest lives in one. */
export interface TakenCell {
  readonly worker: CellThread;
  readonly memory?: CellMemory;
  readonly process?: CellProcess;
}

/**
 * A cell that waits for its one run: a worker that has loaded its entry file or, once it is opened, one whose gates are
 * made and whose instance is there. Starting one takes longer than many a run.
 */
export interface WarmCell {
  /** Resolves to true when everything is done that can be done before the run; to false if the cell has ended. */
  readonly ready: Promise<boolean>;
  /** Whether it can be taken. */
  isThere(): boolean;
  /** The cell, once; `undefined` if it was taken before, has ended, or has other limits. Then it is ended. */
  take(limits: EngineLimits): TakenCell | undefined;
  /** Ends it, if nobody took it. */
  close(): Promise<void>;
}

export interface CellShape {
  /** The file that calls `serveCell`. */
  readonly entry: URL;
}

/** The limits of a run that the engine itself enforces: a cell has them for good when it starts. */
export type EngineLimits = Pick<RunLimits, 'heapBytes' | 'stackBytes'>;

const MIB = 1_048_576;
/** The most for short-lived objects. */
const MOST_YOUNG_MIB = 32;

/** Starts the worker of a cell: no environment, no flags of the parent's, no terminal. */
export function startWorker({ entry }: CellShape, limits: EngineLimits): Worker {
  const heap = limits.heapBytes / MIB;
  const young = Math.min(MOST_YOUNG_MIB, heap / 4);
  return new Worker(entry, {
    env: {},
    execArgv: [], // the parent's flags are inherited otherwise
    argv: [],
    stdin: false,
    stdout: true, // nothing of the guest's reaches the real terminal
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: heap - young,
      maxYoungGenerationSizeMb: young,
      stackSizeMb: limits.stackBytes / MIB,
    },
  });
}

/** How long a guest may take until it can be run. It has no run whose limits it could meet. */
const MOST_OPENING_MS = 30_000;
/** How often a process that waits is looked at: a guest that does nothing needs no memory. */
const WAITING_POLL_MS = 1000;

/**
 * Starts a cell before its run is there, with `opening` for one agent. It holds nothing of any run, is used for one, and
 * does not keep the process alive.
 */
export function warmThreadCell(shape: CellShape, opening?: CellOpening): WarmCell {
  const ready = Promise.withResolvers<boolean>();
  const granted: EngineLimits = opening?.limits ?? DEFAULT_LIMITS;
  const { process } = opening ?? {};
  const watched = startWorker(shape, granted);
  let state: 'waiting' | 'taken' | 'ended' = 'waiting';
  let closed: Promise<void> | undefined;

  async function end(): Promise<void> {
    process?.kill(); // first: the cell may wait for it in a system call
    await watched.terminate();
    await process?.close();
    if (memory === undefined) return;
    memory.feed?.close();
    killNoted(memory.ledger); // gates may have started processes
    await endGuards(memory.ledger);
  }
  /** Whoever wants a cell then starts one, and hears why it cannot. */
  function close(): Promise<void> {
    if (state === 'taken') return Promise.resolve();
    leave('ended');
    return (closed ??= end());
  }
  function gone(): void {
    void close();
  }
  function leave(now: 'taken' | 'ended'): void {
    state = now;
    clearTimeout(late);
    watch?.close();
    watched.off('message', hear).off('error', gone).off('exit', gone);
    ready.resolve(false);
  }
  function hear(message: FromCell): void {
    if (message.kind !== 'ready') return;
    if (!message.made) return void close();
    clearTimeout(late);
    watched.unref();
    ready.resolve(true);
  }

  const memory = opening === undefined ? undefined : openCell(watched, opening, () => void close());
  const late = setTimeout(() => void close(), MOST_OPENING_MS).unref();
  const watch =
    process && createProcessWatch(process, opening?.limits ?? DEFAULT_LIMITS, () => void close(), WAITING_POLL_MS);
  watched.on('error', gone).on('exit', gone);
  void process?.gone.then(gone);
  if (memory === undefined) {
    clearTimeout(late);
    watched.unref();
    ready.resolve(true);
  } else watched.on('message', hear); // whoever waits for it to be ready keeps the process alive for that long
  return Object.freeze({
    ready: ready.promise,
    isThere: () => state === 'waiting',
    take(limits: EngineLimits): TakenCell | undefined {
      if (state !== 'waiting') return undefined;
      if (limits.heapBytes !== granted.heapBytes || limits.stackBytes !== granted.stackBytes) {
        void close();
        return undefined;
      }
      leave('taken');
      watched.ref();
      return {
        worker: watched,
        ...(memory === undefined ? {} : { memory }),
        ...(process === undefined ? {} : { process }),
      };
    },
    close,
  });
}
