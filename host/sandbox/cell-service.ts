import type { FromCell, ToCell } from './cell-message.ts';
import { startWallClock } from './wall-clock.ts';

/** What is left of a run's budgets, or what something took of them. */
export interface Budget {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly hostCalls: number;
}

/** What a servant knows of the run that asks. */
export interface ServiceContext {
  /** Aborted when the time of the request is over, and when the run ends. Nobody waits long after that. */
  readonly signal: AbortSignal;
  /** What the run has left now. */
  readonly left: () => Budget;
  /**
   * Stops the wall clock of the run, and the time of this request, until what is returned is called. Whoever asks for it
   * bounds the wait himself.
   */
  readonly pause: () => () => void;
  /** Takes from the run's budgets what was used on its behalf. */
  readonly charge: (used: Omit<Budget, 'wallMs'>) => void;
}

/** Answers what a cell asks for. It checks the request itself, and settles soon after its signal. */
export type CellServant = (request: unknown, context: ServiceContext) => Promise<unknown>;

type Ask = Extract<FromCell, { kind: 'ask' }>;

export interface CellServiceOptions {
  readonly serve: CellServant;
  readonly send: (message: ToCell) => void;
  readonly left: ServiceContext['left'];
  readonly charge: ServiceContext['charge'];
  /** Stops the wall clock of the run. */
  readonly pause: () => () => void;
  /** The cell does what no cell does: the run is to be ended. */
  readonly refuse: (text: string) => void;
}

/** The requests of one cell. */
export interface CellService {
  readonly hear: (ask: Ask) => void;
  /** Ends everything that is under way. When it resolves, nothing is. */
  readonly close: () => Promise<void>;
}

/** A guest makes one call at a time; a few are under way where a run ends in the middle. */
const MOST_OPEN = 8;

/** Makes the supervisor's side of the requests of one cell. */
export function createCellService({ serve, send, left, charge, pause, refuse }: CellServiceOptions): CellService {
  const end = new AbortController();
  const open = new Map<number, Promise<void>>();

  async function answer({ id, request, timeoutMs }: Ask): Promise<void> {
    const time = new AbortController();
    const timer = startWallClock(timeoutMs, () => time.abort('timed-out'));
    const held = (): (() => void) => {
      const holds = [timer.pause(), pause()];
      return () => holds.forEach((resume) => resume());
    };
    const signal = AbortSignal.any([end.signal, time.signal]);
    let message: ToCell;
    try {
      message = {
        kind: 'answer',
        id,
        answered: true,
        answer: await serve(request, { signal, left, charge, pause: held }),
      };
    } catch {
      message = { kind: 'answer', id, answered: false }; // a servant speaks for itself; the cell hears of a fault
    }
    timer.close();
    open.delete(id);
    if (!end.signal.aborted) send(message);
  }

  return Object.freeze({
    hear(ask: Ask): void {
      if (end.signal.aborted) return;
      const { id, timeoutMs } = ask;
      if (!Number.isSafeInteger(id) || open.has(id) || open.size >= MOST_OPEN || !(timeoutMs > 0)) {
        refuse('the cell asked for something in a way that no cell does');
        return;
      }
      open.set(id, answer(ask));
    },
    async close(): Promise<void> {
      end.abort('ended');
      await Promise.all(open.values());
    },
  });
}
