import { Buffer } from 'node:buffer';
import type { HttpBodySource, HttpFailureCode } from '../contracts/http-service.ts';
import { bodyFailure } from './http-error-code.ts';
import { createSignal } from './signal.ts';
import type { Sink } from './streams.ts';

/** The most bytes that a body holds while nobody takes them. */
const MOST_HELD = 131_072;

/** The most bytes that all bodies of a run hold together. */
const MOST_HELD_TOGETHER = 4_194_304;

/** One body of a request: a guest writes it, an exchange takes it. It may be written before the exchange begins. */
export interface RequestBody {
  readonly sink: Sink;
  readonly source: HttpBodySource;
  /** Whether a guest may still write: `broken` if it gave up before the end. */
  state(): 'open' | 'whole' | 'broken';
  /** All that is held, at once: for a body that is whole before its exchange begins. */
  takeHeld(): Uint8Array;
  /** The guest has written all of it; a code if it said another length before. */
  finish(): HttpFailureCode | undefined;
  /** The guest gave up: what was sent is no whole request. */
  abandon(): void;
}

/** Makes the bodies of one run. */
export function createRequestBodies(): (length: number | undefined) => RequestBody {
  const together = { held: 0 };
  return (length) => createRequestBody(length, together);
}

function createRequestBody(length: number | undefined, together: { held: number }): RequestBody {
  let parts: Uint8Array[] = [];
  let held = 0;
  let written = 0;
  let state: 'open' | 'whole' | 'abandoned' | 'cancelled' = 'open';
  let failure: HttpFailureCode | undefined;

  const writable = createSignal(() => state !== 'open' || held < MOST_HELD);
  const readable = createSignal(() => state !== 'open' || held > 0);

  function takeHeld(): Uint8Array {
    const bytes = parts.length === 1 ? (parts[0] ?? new Uint8Array(0)) : Buffer.concat(parts);
    together.held -= held;
    held = 0;
    parts = [];
    writable.changed();
    return bytes;
  }
  function end(as: 'whole' | 'abandoned' | 'cancelled'): void {
    state = as;
    if (as !== 'whole') takeHeld();
    readable.changed();
    writable.changed();
  }
  /** The body cannot become what it was said to be. */
  function breakOff(code: HttpFailureCode): never {
    failure = code;
    end('abandoned');
    throw bodyFailure(code);
  }

  const sink: Sink = {
    readiness: writable.readiness,
    room() {
      if (failure !== undefined) throw bodyFailure(failure);
      return state === 'open' ? MOST_HELD - held : undefined;
    },
    put(bytes) {
      written += bytes.length;
      if (length !== undefined && written > length) breakOff('HTTP-request-body-size');
      if (together.held + bytes.length > MOST_HELD_TOGETHER) breakOff('connection-limit-reached');
      parts.push(bytes.slice());
      held += bytes.length;
      together.held += bytes.length;
      readable.changed();
    },
  };

  const source: HttpBodySource = {
    length,
    async next() {
      await readable.readiness.wait();
      if (state === 'abandoned') throw new Error('the guest gave up its body');
      return held > 0 ? takeHeld() : undefined;
    },
    cancel() {
      if (state === 'open' || state === 'whole') end('cancelled');
    },
  };

  return {
    sink,
    source,
    state: () => (state === 'open' || state === 'whole' ? state : 'broken'),
    takeHeld,
    finish() {
      if (failure !== undefined) return failure;
      if (state !== 'open') return undefined; // the exchange is over: nobody wanted the rest
      if (length !== undefined && written !== length) {
        failure = 'HTTP-request-body-size';
        end('abandoned');
        return failure;
      }
      end('whole');
      return undefined;
    },
    abandon() {
      if (state === 'open') end('abandoned');
    },
  };
}
