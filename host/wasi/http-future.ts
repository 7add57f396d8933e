import type { ResourceClass } from '../contracts/guest-import.ts';
import type { HttpExchange, HttpResult } from '../contracts/http-service.ts';
import { errorCodeOf } from './http-error-code.ts';
import type { IncomingResponses } from './http-incoming.ts';
import type { Poll } from './poll.ts';
import { createSignal, type Signal } from './signal.ts';
import { createSlots } from './slots.ts';

/** An exchange to be begun: at once, or as soon as the guest waits for anything. */
export interface PlannedExchange {
  readonly when: 'now' | 'soon';
  readonly begin: () => HttpExchange;
  /** In place of `begin`: the guest dropped the future before. */
  readonly giveUp: () => void;
}

/** `future-incoming-response`, and how `handle` makes one. */
export interface FutureResponses {
  readonly FutureIncomingResponse: ResourceClass;
  readonly start: (planned: PlannedExchange) => object;
}

interface FutureState {
  readonly signal: Signal;
  exchange: HttpExchange | undefined;
  result: HttpResult | undefined;
  taken: boolean;
  dropped: boolean;
}

/** The resource `future-incoming-response` of `wasi:http/types`. */
export function createFutureResponses(
  incoming: IncomingResponses,
  poll: Poll,
  trap: (message: string) => never,
): FutureResponses {
  const slots = createSlots<FutureState>(trap);

  class FutureIncomingResponse {
    subscribe(): object {
      return poll.on(slots.of(this).signal.readiness);
    }
    get(): object | undefined {
      const state = slots.of(this);
      const { result } = state;
      if (result === undefined) return undefined;
      if (state.taken) return { tag: 'err', val: undefined };
      state.taken = true;
      return {
        tag: 'ok',
        val: result.ok
          ? { tag: 'ok', val: incoming.show(result.answer) }
          : { tag: 'err', val: errorCodeOf(result.code) },
      };
    }
    [Symbol.dispose](): void {
      const state = slots.of(this);
      slots.release(this);
      state.dropped = true;
      if (!state.taken) state.exchange?.cancel();
    }
  }

  return Object.freeze({
    FutureIncomingResponse,
    start(planned: PlannedExchange): object {
      const state = createState();
      const future = slots.hold(new FutureIncomingResponse(), state);
      if (planned.when === 'now') run(state, planned);
      // The host's turn comes when the guest waits.
      else queueMicrotask(() => run(state, planned));
      return future;
    },
  });
}

function createState(): FutureState {
  const state: FutureState = {
    signal: createSignal(() => state.result !== undefined),
    exchange: undefined,
    result: undefined,
    taken: false,
    dropped: false,
  };
  return state;
}

function run(state: FutureState, { begin, giveUp }: PlannedExchange): void {
  if (state.dropped) {
    giveUp(); // nothing was decided yet, so there is nothing to record
    return;
  }
  const exchange = begin();
  state.exchange = exchange;
  const arrived = (result: HttpResult): void => {
    state.result = result;
    state.signal.changed();
  };
  if (!(exchange.result instanceof Promise)) arrived(exchange.result);
  else exchange.result.then(arrived, () => arrived({ ok: false, code: 'internal-error' }));
}
