import type { CellThread } from './cell-thread.ts';
import type { GuestEnd, Usage } from '../contracts/run-end.ts';
import type { CellProcess } from './cell-process.ts';
import { parseGuestEnd, type FromCell, type ToCell } from './cell-message.ts';
import { createCellService, type CellServant, type CellService } from './cell-service.ts';
import { createCpuWatch } from './cpu-watch.ts';
import { PAGE_BYTES } from './memory-plan.ts';
import { createMeter, type Meter } from './meter.ts';
import { openCell, type CellMemory, type CellOpening } from './open-cell.ts';
import { describeError, printable } from './printable.ts';
import { endGuards, killNoted } from './process-ledger.ts';
import { createProcessWatch, type ProcessWatch } from './process-watch.ts';
import { startWallClock } from './wall-clock.ts';
import { startWorker, type CellShape, type TakenCell, type WarmCell } from './warm-cell.ts';

export interface ThreadCellOptions extends CellShape, Omit<CellOpening, 'process'> {
  /** A cell of the same shape that was started before, perhaps opened as this one would be; it is used up. */
  readonly warm?: WarmCell;
  /** For the composition in the cell, what belongs to this run; can be cloned. */
  readonly seat?: unknown;
  /** How long the cell may take to close its gates after the guest has returned. Five seconds where absent. */
  readonly closeMs?: number;
  readonly onMessage?: (message: unknown) => void;
  /** Answers what the cell asks for; without it nothing is answered. */
  readonly serve?: CellServant;
  /** Cancels the run. */
  readonly signal?: AbortSignal;
  /** Where the guest lives; it is used up. `warm`: the warm cell has it. Without one, the guest lives in the cell. */
  readonly process?: CellProcess | 'warm';
}

/** How a cell ended. */
export interface CellEnd {
  readonly guest: GuestEnd;
  readonly usage: Usage;
  /** True if the cell returned by itself, so that its gates are closed; false if it was killed. */
  readonly closed: boolean;
  /** Child processes that had to be killed. */
  readonly killedProcesses: number;
  /** The last of what the cell wrote to standard error: for the operator, when something is wrong with the host. */
  readonly diagnostics: string;
}

export interface ThreadCell {
  /** Never rejects. When it resolves, the worker is gone, and so are the processes that it noted. */
  readonly end: Promise<CellEnd>;
}

/** How long a cell has to notice a stop: a guest that holds the thread does not. */
const NOTICE_MS = 80;
/** How long the broker of a process that is gone has to say so itself. */
const BROKER_MS = 200;
/** How long it then has to close its gates; longer where nobody waits for a limit. */
const CLOSE_AFTER_STOP_MS = 120;
const CLOSE_MS = 5000;
const DIAGNOSTICS = 4096;

/**
 * Starts one worker for one run and supervises it: wall clock, CPU time, heap, cancellation. The gates live in it, and
 * the guest beside them, or in a process of its own that has nothing but its calls to the gates.
 */
export function startThreadCell(options: ThreadCellOptions): ThreadCell {
  return Object.freeze({ end: supervise(options) });
}

async function supervise(options: ThreadCellOptions): Promise<CellEnd> {
  const { data, artefact, modules, limits, subscribe, signal } = options;
  if (signal?.aborted === true) {
    await options.warm?.close();
    return unused({ kind: 'cancelled' }, options);
  }
  let taken: TakenCell | undefined;
  let memory: CellMemory;
  try {
    taken = takeCell(options);
    const line = subscribe === undefined ? {} : { subscribe };
    const opening = { data, artefact, modules, limits, ...line, ...processIn(taken.process) };
    memory =
      taken.memory ??
      openCell(taken.worker, opening, (error) => life.stop({ kind: 'fault', message: describeError(error) }));
    taken.worker.postMessage({ kind: 'seat', data: options.seat } satisfies ToCell);
  } catch (error) {
    taken?.process?.kill();
    await taken?.worker.terminate();
    await taken?.process?.close();
    return unused({ kind: 'fault', message: `the cell cannot be started: ${describeError(error)}` }, options);
  }
  const { worker, process: guestProcess } = taken;
  const meter = createMeter(memory.meter);
  const { ledger } = memory;
  const diagnostics = drain(worker);
  const wall = startWallClock(limits.wallMs, () =>
    life.stop({ kind: 'limit', limit: 'wallMs', message: `the run took longer than ${limits.wallMs} ms` }),
  );
  const service = createCellService({
    serve: options.serve ?? (() => Promise.reject(new Error('nobody serves this cell'))),
    send: (message) => worker.postMessage(message),
    left: () => ({
      wallMs: limits.wallMs - wall.used(),
      cpuMs: limits.cpuMs - cpu.used(),
      hostCalls: limits.hostCalls - meter.hostCalls(),
    }),
    charge: ({ cpuMs, hostCalls }) => {
      cpu.charge(cpuMs);
      meter.addCalls(hostCalls);
    },
    pause: () => wall.pause(),
    refuse: (message) => life.stop({ kind: 'fault', message }),
  });
  const stop = (end: GuestEnd): void => life.stop(end);
  const process = guestProcess && createProcessWatch(guestProcess, limits, stop);
  const life = watch(worker, options, meter, service, guestProcess, process);
  const cpu = createCpuWatch(worker, meter, limits, stop, () => process?.cpuMs() ?? 0);
  const cancel = (): void => life.stop({ kind: 'cancelled' });
  signal?.addEventListener('abort', cancel, { once: true });
  const outcome = await life.over;
  wall.close();
  signal?.removeEventListener('abort', cancel);
  const served = service.close();
  // First: the cell may wait for one of them in a system call, and nothing else ends that.
  guestProcess?.kill();
  const killedBefore = killNoted(ledger);
  await cpu.close(outcome.cpuMs);
  await worker.terminate(); // always: an instance is never used twice
  memory.feed?.close();
  process?.close();
  await guestProcess?.close(); // only now: the worker had the number of its socket
  await served; // what was done on behalf of the run ends with it, and is charged to it
  const cpuMs = cpu.used();
  const killedProcesses = killedBefore + killNoted(ledger) + (await endGuards(ledger)); // and what it has started since
  const fuel = meter.fuel();
  const usage = {
    ...{
      wallMs: wall.used(),
      cpuMs,
      peakLinearMemoryBytes: meter.peakPages() * PAGE_BYTES,
      hostCalls: meter.hostCalls(),
    },
    ...(fuel === undefined ? {} : { fuel }),
  };
  return { guest: outcome.end, usage, closed: outcome.closed, killedProcesses, diagnostics: diagnostics() };
}

const processIn = (process: CellProcess | undefined): { process?: CellProcess } =>
  process === undefined ? {} : { process };

/** The cell that waits for this run, or a new one. A guest that is to live in a process never lives in the cell. */
function takeCell(options: ThreadCellOptions): TakenCell {
  const { process } = options;
  const taken: TakenCell = options.warm?.take(options.limits) ?? { worker: startWorker(options, options.limits) };
  if (process !== 'warm') return { ...taken, ...processIn(process) };
  if (taken.process !== undefined) return taken;
  void taken.worker.terminate();
  throw new Error('the process that waited for the guest is gone');
}

/** The end of a run for which there was no cell. */
async function unused(guest: GuestEnd, { process }: ThreadCellOptions): Promise<CellEnd> {
  if (process !== 'warm') await process?.close();
  const usage = { wallMs: 0, cpuMs: 0, peakLinearMemoryBytes: 0, hostCalls: 0 };
  return { guest, usage, closed: true, killedProcesses: 0, diagnostics: '' };
}

interface Outcome {
  readonly end: GuestEnd;
  readonly closed: boolean;
  readonly cpuMs?: number;
}

interface Life {
  /** Ends the run: the cell is asked, given a moment, and killed. */
  stop(end: GuestEnd): void;
  readonly over: Promise<Outcome>;
}

/** Follows a worker to its end. The first word about how the run ended counts, and the supervisor's own comes first. */
function watch(
  worker: CellThread,
  options: ThreadCellOptions,
  meter: Meter,
  service: CellService,
  guestProcess: CellProcess | undefined,
  process: ProcessWatch | undefined,
): Life {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let known: GuestEnd | undefined;
  let stopped = false;
  let deadline: NodeJS.Timeout | undefined;
  let patience: NodeJS.Timeout | undefined;

  const settle = (outcome: Outcome): void => {
    clearTimeout(deadline);
    clearTimeout(patience);
    resolve(outcome);
  };
  const killIn = (ms: number): void => {
    clearTimeout(deadline);
    deadline = setTimeout(() => settle({ end: known ?? FAULT, closed: false }), ms);
  };
  function stop(end: GuestEnd): void {
    if (known !== undefined) return;
    known = end;
    stopped = true;
    meter.noteStop();
    void service.close(); // awaited when the cell is gone
    worker.postMessage({ kind: 'stop', end } satisfies ToCell);
    endProcess(); // and with it the waiting of its broker
    killIn(NOTICE_MS);
  }
  function endProcess(): void {
    process?.sample();
    guestProcess?.kill();
  }
  function hear(message: FromCell): void {
    switch (message.kind) {
      case 'ready':
        return;
      case 'post':
        options.onMessage?.(message.message);
        return;
      case 'ask':
        if (known === undefined) service.hear(message);
        return;
      case 'started':
        process?.started(message.cpuMs);
        return;
      case 'ending':
        endProcess();
        if (known !== undefined) return;
        known = parseGuestEnd(message.end) ?? FAULT;
        killIn(NOTICE_MS);
        return;
      case 'ended':
        endProcess();
        known ??= parseGuestEnd(message.end) ?? FAULT;
        killIn(stopped ? CLOSE_AFTER_STOP_MS : (options.closeMs ?? CLOSE_MS));
        return;
      case 'done':
        settle({
          end: stopped ? (known ?? FAULT) : (parseGuestEnd(message.end) ?? FAULT),
          closed: true,
          cpuMs: message.cpuMs,
        });
    }
  }
  worker.on('message', hear);
  worker.once('error', (error) => settle({ end: known ?? brokenBy(error), closed: false }));
  worker.once('exit', () => settle({ end: known ?? FAULT, closed: false }));
  void guestProcess?.gone.then((end) => {
    worker.postMessage({ kind: 'gone', end } satisfies ToCell);
    // A broker that waits for an effect of the guest, maybe in a system call, would hear of it when that is done.
    patience = setTimeout(() => stop(end), BROKER_MS);
  });
  return { stop, over: promise };
}

const FAULT: GuestEnd = { kind: 'fault', message: 'the cell ended without a word' };

function brokenBy(error: unknown): GuestEnd {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { kind: 'limit', limit: 'heapBytes', message: 'the heap of the cell is full' };
  }
  return { kind: 'fault', message: `the cell failed: ${describeError(error)}` };
}

/** Keeps what a worker writes from filling up, and the last of its standard error. */
function drain(worker: CellThread): () => string {
  let tail = '';
  worker.stdout.resume();
  worker.stderr.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-DIAGNOSTICS);
  });
  return () =>
    tail
      .split('\n')
      .map((line) => printable(line, 400))
      .join('\n')
      .trim();
}
