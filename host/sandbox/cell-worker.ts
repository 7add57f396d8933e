import { parentPort, type MessagePort } from 'node:worker_threads';
import type { RunLimits } from '../contracts/limits.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { Artefact } from './artefact.ts';
import type { BrokerOptions } from './broker.ts';
import type { CellStart, FromCell, ToCell } from './cell-message.ts';
import { loadGlue, threadCpuMs, type EndPhase, type ModuleMap } from './instance.ts';
import { readFeed, type FeedReader } from './live-feed.ts';
import { createMeter, type Meter } from './meter.ts';
import { describeError } from './printable.ts';
import { createProcessLedger } from './process-ledger.ts';

/** What a cell gives to the composition. Most of it is meant to be passed on to `openInstance` as it is. */
export interface CellContext {
  /** What the supervisor was given for this cell. */
  readonly data: unknown;
  /** Comes with the run: perhaps at once, perhaps after a time in a pool. */
  readonly seat: Promise<unknown>;
  /** Tells that nothing is left to do before the run is there, or that the cell can serve none. */
  readonly ready: (made: boolean) => void;
  readonly artefact: Artefact;
  /** Compiled while the cell starts: build the gates before waiting for it. Never comes where the guest has a process. */
  readonly modules: Promise<ModuleMap>;
  /** Where the guest lives in a process of its own: what `openInProcess` needs to know of it. */
  readonly process?: Pick<BrokerOptions, 'descriptor' | 'gone' | 'started'>;
  /** Whether other runs live on the thread as well. */
  readonly thread: 'own' | 'shared';
  readonly limits: RunLimits;
  readonly meter: Meter;
  readonly ledger: ProcessLedger;
  /** What changes while the cell lives. */
  readonly feed: FeedReader | undefined;
  /** Aborted when the supervisor ends the run; what is still open is to be closed quickly. */
  readonly stop: AbortSignal;
  readonly notify: (phase: EndPhase, end: GuestEnd) => void;
  /** Sends a message of the composition's own to the supervisor. */
  readonly post: (message: unknown) => void;
  readonly ask: CellAsk;
}

/**
 * Asks the supervisor and waits for its answer. Rejects where the supervisor failed; never settles once the run is being
 * ended, for then nobody may act on the answer.
 */
export type CellAsk = (request: unknown, timeoutMs: number) => Promise<unknown>;

/**
 * The main function of a thread cell's entry file. `run` builds the gates, runs the instance, closes the gates, and
 * says how it ended. An exception out of it is a fault of the host.
 */
export function serveCell(run: (context: CellContext) => Promise<GuestEnd>): void {
  if (parentPort === null) throw new Error('not in a cell');
  // A rejection is left to end the worker: the supervisor reports it as a fault.
  void serveRun(parentPort, run, 'own');
}

/** Serves one run through a port: on a thread of its `own`, or on one that is `shared`. Resolves when it is over. */
export function serveRun(
  port: MessagePort,
  run: (context: CellContext) => Promise<GuestEnd>,
  thread: 'own' | 'shared',
): Promise<void> {
  const over = Promise.withResolvers<undefined>();
  const stop = new AbortController();
  const modules = Promise.withResolvers<ModuleMap>();
  const seat = Promise.withResolvers<unknown>();
  const gone = Promise.withResolvers<GuestEnd>();
  const asks = createAsks(port);

  port.on('message', (message: ToCell) => {
    switch (message.kind) {
      case 'start': {
        const context = contextOf(message.start, port, {
          modules: modules.promise,
          seat: seat.promise,
          gone: gone.promise,
          stop: stop.signal,
          ask: asks.ask,
          thread,
        });
        if (context.process === undefined) void loadGlue(context.artefact).catch(() => undefined); // `openInstance` loads it again and reports
        const running = thread === 'own' ? run(context) : run(context).catch(faultOf);
        running.then((end) => {
          asks.forget();
          context.feed?.close();
          const cpuMs = thread === 'own' ? threadCpuMs() : context.meter.guestUs() / 1000;
          port.postMessage({ kind: 'done', end, cpuMs } satisfies FromCell);
          over.resolve(undefined);
        }, over.reject);
        return;
      }
      case 'seat':
        seat.resolve(message.data);
        return;
      case 'modules':
        modules.resolve(message.modules);
        return;
      case 'gone':
        gone.resolve(message.end);
        return;
      case 'answer':
        asks.hear(message);
        return;
      case 'stop':
        asks.forget();
        stop.abort(message.end);
    }
  });
  return over.promise;
}

/** On a thread of many, what breaks one run must not end the others. */
const faultOf = (error: unknown): GuestEnd => ({ kind: 'fault', message: `the cell failed: ${describeError(error)}` });

type Answer = Extract<ToCell, { kind: 'answer' }>;

/** What this cell has asked its supervisor and waits for. */
function createAsks(port: MessagePort): { ask: CellAsk; hear: (answer: Answer) => void; forget: () => void } {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  return {
    ask(request: unknown, timeoutMs: number): Promise<unknown> {
      const id = ++last;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      port.postMessage({ kind: 'ask', id, request, timeoutMs } satisfies FromCell);
      return answer.promise;
    },
    hear(answer: Answer): void {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.answered) asked?.resolve(answer.answer);
      else asked?.reject(new Error('the supervisor could not answer'));
    },
    forget: () => waiting.clear(),
  };
}

function contextOf(
  start: CellStart,
  port: MessagePort,
  {
    gone,
    ...coming
  }: Pick<CellContext, 'modules' | 'seat' | 'stop' | 'ask' | 'thread'> & { readonly gone: Promise<GuestEnd> },
): CellContext {
  const send = (message: FromCell): void => port.postMessage(message);
  return Object.freeze({
    data: start.data,
    artefact: start.artefact,
    ...(start.descriptor === undefined
      ? {}
      : {
          process: {
            descriptor: start.descriptor,
            gone,
            started: (cpuMs: number) => send({ kind: 'started', cpuMs }),
          },
        }),
    limits: start.limits,
    meter: createMeter(start.meter),
    ledger: createProcessLedger(start.ledger),
    feed: start.feed && readFeed(start.feed),
    ...coming,
    ready: (made: boolean) => send({ kind: 'ready', made }),
    notify: (phase: EndPhase, end: GuestEnd) => send({ kind: phase, end }),
    post: (message: unknown) => send({ kind: 'post', message }),
  });
}
