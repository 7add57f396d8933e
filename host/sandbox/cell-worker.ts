import { parentPort, type MessagePort } from 'node:worker_threads';
import type { RunLimits } from '../contracts/limits.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { Artefact } from './artefact.ts';
import type { CellStart, FromCell, ToCell } from './cell-message.ts';
import { loadGlue, threadCpuMs, type EndPhase, type ModuleMap } from './instance.ts';
import { createMeter, type Meter } from './meter.ts';
import { createProcessLedger } from './process-ledger.ts';

/** What a cell gives to the composition. Most of it is meant to be passed on to `runInstance` as it is. */
export interface CellContext {
  /** What the supervisor was given for this cell. */
  readonly data: unknown;
  readonly artefact: Artefact;
  /** Compiled while the cell starts: build the gates before waiting for it. */
  readonly modules: Promise<ModuleMap>;
  readonly limits: RunLimits;
  readonly meter: Meter;
  readonly ledger: ProcessLedger;
  /** Aborted when the supervisor ends the run; what is still open is to be closed quickly. */
  readonly stop: AbortSignal;
  readonly notify: (phase: EndPhase, end: GuestEnd) => void;
  /** Sends a message of the composition's own to the supervisor. */
  readonly post: (message: unknown) => void;
}

/**
 * The main function of a thread cell's entry file. `run` builds the gates, runs the instance, closes the gates, and
 * says how it ended. An exception out of it is a fault of the host.
 */
export function serveCell(run: (context: CellContext) => Promise<GuestEnd>): void {
  if (parentPort === null) throw new Error('not in a cell');
  const port: MessagePort = parentPort;
  const stop = new AbortController();
  const modules = Promise.withResolvers<ModuleMap>();

  port.on('message', (message: ToCell) => {
    switch (message.kind) {
      case 'start': {
        const context = contextOf(message.start, port, modules.promise, stop.signal);
        void loadGlue(context.artefact).catch(() => undefined); // `runInstance` loads it again and reports
        // A rejection is left to end the worker: the supervisor reports it as a fault.
        void run(context).then((end) =>
          port.postMessage({ kind: 'done', end, cpuMs: threadCpuMs() } satisfies FromCell),
        );
        return;
      }
      case 'modules':
        modules.resolve(message.modules);
        return;
      case 'stop':
        stop.abort(message.end);
    }
  });
}

function contextOf(start: CellStart, port: MessagePort, modules: Promise<ModuleMap>, stop: AbortSignal): CellContext {
  const send = (message: FromCell): void => port.postMessage(message);
  return Object.freeze({
    data: start.data,
    artefact: start.artefact,
    modules,
    limits: start.limits,
    meter: createMeter(start.meter),
    ledger: createProcessLedger(start.ledger),
    stop,
    notify: (phase: EndPhase, end: GuestEnd) => send({ kind: phase, end }),
    post: (message: unknown) => send({ kind: 'post', message }),
  });
}
