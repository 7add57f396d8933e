import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { MessageChannel, type MessagePort, type Transferable, type Worker } from 'node:worker_threads';
import type { FromCell, ToCell } from './cell-message.ts';
import type { CellThread } from './cell-thread.ts';
import { createMeter, type Meter } from './meter.ts';
import { startWorker, type TakenCell, type WarmCell } from './warm-cell.ts';

/** From the supervisor to a thread that many cells share, and back. What concerns one run goes through its own port. */
export type ToSharedCell =
  | { readonly kind: 'enter'; readonly id: number; readonly port: MessagePort }
  | { readonly kind: 'leave'; readonly id: number };
export interface FromSharedCell {
  readonly kind: 'left';
  readonly id: number;
}

/** Threads on which many runs live at once. */
export interface SharedCells {
  /** A place for one run. */
  place(): WarmCell;
  /** Ends the threads, with everything on them. */
  close(): Promise<void>;
}

export interface SharedCellOptions {
  /** The file that calls `serveSharedCell`. */
  readonly entry: URL;
  /** How many runs one thread takes; the next one gets another thread. */
  readonly mostRuns: number;
  /** The JavaScript heap of one thread, for all runs on it together. */
  readonly heapBytes: number;
}

const STACK_BYTES = 4 * 1024 ** 2;
/** How long a thread may take to let go of a run: a guest may hold it until its fuel is spent. Then all of it ends. */
const LEAVE_MS = 5000;

interface Shared {
  readonly worker: Worker;
  readonly places: Map<number, () => void>;
  readonly left: (id: number) => void;
}

/** Makes the shared threads of one host. None is started before it is needed. */
export function createSharedCells({ entry, mostRuns, heapBytes }: SharedCellOptions): SharedCells {
  const threads = new Set<Shared>();
  let last = 0;

  function start(): Shared {
    const worker = startWorker({ entry }, { heapBytes, stackBytes: STACK_BYTES });
    const places = new Map<number, () => void>();
    worker.stdout.resume();
    worker.stderr.resume();
    worker.setMaxListeners(0); // each run on it listens
    worker.unref();
    const left = (id: number): void => {
      places.get(id)?.();
      places.delete(id);
      if (places.size === 0) worker.unref();
    };
    const shared: Shared = { worker, places, left };
    worker.on('message', ({ id }: FromSharedCell) => left(id));
    const gone = (): void => {
      threads.delete(shared);
      for (const id of [...places.keys()]) left(id);
    };
    worker.on('exit', gone);
    worker.on('error', gone);
    threads.add(shared);
    return shared;
  }

  function enter(): CellThread {
    const shared = [...threads].find(({ places }) => places.size < mostRuns) ?? start();
    return placeOn(shared, ++last);
  }

  return Object.freeze({
    place(): WarmCell {
      let taken = false;
      return Object.freeze({
        ready: Promise.resolve(true),
        isThere: () => !taken,
        take(): TakenCell | undefined {
          if (taken) return undefined;
          taken = true;
          return { worker: enter() };
        },
        close: () => Promise.resolve(),
      });
    },
    close: async () => {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  });
}

/** One run on a shared thread, as its supervisor sees it: like a worker of its own. */
function placeOn({ worker, places, left }: Shared, id: number): CellThread {
  const { port1: port, port2 } = new MessageChannel();
  const events = new EventEmitter();
  const gone = Promise.withResolvers<undefined>();
  let meter: Meter | undefined;
  places.set(id, () => gone.resolve(undefined));
  worker.ref();
  worker.postMessage({ kind: 'enter', id, port: port2 } satisfies ToSharedCell, [port2]);
  const failed = (error: unknown): void => void events.emit('error', error);
  const ended = (): void => void events.emit('exit');
  port.on('message', (message: FromCell) => events.emit('message', message));
  worker.once('error', failed);
  worker.once('exit', ended);
  events.on('error', () => undefined); // whoever supervises listens for it himself

  return {
    postMessage(message: ToCell, transfer: readonly Transferable[] = []): void {
      if (message.kind === 'start') meter = createMeter(message.start.meter);
      port.postMessage(message, [...transfer]);
    },
    on: (event: 'message', listener: (message: FromCell) => void) => events.on(event, listener),
    once: (event: 'error' | 'exit', listener: (error: unknown) => void) => events.once(event, listener),
    cpuUsage: () => Promise.resolve({ user: meter?.guestUs() ?? 0, system: 0 }),
    async terminate(): Promise<void> {
      worker.off('error', failed).off('exit', ended);
      if (places.has(id)) {
        worker.postMessage({ kind: 'leave', id } satisfies ToSharedCell);
        const late = setTimeout(() => void worker.terminate(), LEAVE_MS);
        await gone.promise;
        clearTimeout(late);
      }
      left(id);
      port.close();
    },
    stdout: Readable.from([]),
    stderr: Readable.from([]),
  };
}
