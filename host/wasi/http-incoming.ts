import { Buffer } from 'node:buffer';
import { throwWit, type ResourceClass } from '../contracts/guest-import.ts';
import type { HttpAnswer, HttpFailureCode, HttpServiceBody } from '../contracts/http-service.ts';
import { bodyFailure, errorCodeOf } from './http-error-code.ts';
import type { HttpFields } from './http-fields.ts';
import type { Poll } from './poll.ts';
import { createSlots } from './slots.ts';
import type { Source, Streams } from './streams.ts';

/** The resources of an answer, and how one is shown. */
export interface IncomingResponses {
  readonly IncomingResponse: ResourceClass;
  readonly IncomingBody: ResourceClass;
  readonly FutureTrailers: ResourceClass;
  readonly show: (answer: HttpAnswer) => object;
}

/** A body that body handle and stream share: it ends with the last of them. */
interface SharedBody {
  readonly body: HttpServiceBody;
  holders: number;
  streamTaken: boolean;
  failed: HttpFailureCode | undefined;
}

interface AnswerState {
  readonly answer: HttpAnswer;
  consumed: boolean;
}

/** What `future-trailers` says: there are none, unless the body broke. */
interface TrailersState {
  readonly failed: HttpFailureCode | undefined;
  told: boolean;
}

interface IncomingParts {
  readonly fields: HttpFields;
  readonly streams: Streams;
  readonly poll: Poll;
  readonly trap: (message: string) => never;
}

/** The resources `incoming-response`, `incoming-body` and `future-trailers` of `wasi:http/types`. */
export function createIncomingResponses({ fields, streams, poll, trap }: IncomingParts): IncomingResponses {
  const answers = createSlots<AnswerState>(trap);
  const bodies = createSlots<SharedBody>(trap);
  const trailers = createSlots<TrailersState>(trap);

  class IncomingResponse {
    status(): number {
      return answers.of(this).answer.status;
    }
    headers(): object {
      const { headers } = answers.of(this).answer;
      return fields.show(headers.map(([name, value]) => [name, Buffer.from(value, 'latin1')]));
    }
    consume(): object {
      const state = answers.of(this);
      if (state.consumed) throwWit(undefined);
      state.consumed = true;
      const { body } = state.answer;
      return bodies.hold(new IncomingBody(), { body, holders: 1, streamTaken: false, failed: undefined });
    }
    [Symbol.dispose](): void {
      const { answer, consumed } = answers.of(this);
      answers.release(this);
      if (!consumed) answer.body.close();
    }
  }

  class IncomingBody {
    static finish(handle: object): object {
      const shared = bodies.of(handle);
      bodies.release(handle);
      letGo(shared);
      return trailers.hold(new FutureTrailers(), { failed: shared.failed, told: false });
    }
    stream(): object {
      const shared = bodies.of(this);
      if (shared.streamTaken) throwWit(undefined);
      shared.streamTaken = true;
      shared.holders += 1;
      return streams.input(sourceOf(shared));
    }
    [Symbol.dispose](): void {
      const shared = bodies.of(this);
      bodies.release(this);
      letGo(shared);
    }
  }

  class FutureTrailers {
    subscribe(): object {
      trailers.of(this);
      return poll.ready();
    }
    get(): object {
      const state = trailers.of(this);
      if (state.told) return { tag: 'err', val: undefined };
      state.told = true;
      const { failed } = state;
      return {
        tag: 'ok',
        val: failed === undefined ? { tag: 'ok', val: undefined } : { tag: 'err', val: errorCodeOf(failed) },
      };
    }
    [Symbol.dispose](): void {
      trailers.release(this);
    }
  }

  return Object.freeze({
    IncomingResponse,
    IncomingBody,
    FutureTrailers,
    show: (answer: HttpAnswer) => answers.hold(new IncomingResponse(), { answer, consumed: false }),
  });
}

function letGo(shared: SharedBody): void {
  shared.holders -= 1;
  if (shared.holders === 0) shared.body.close();
}

const NOTHING = new Uint8Array(0);

function sourceOf(shared: SharedBody): Source {
  const { body } = shared;
  return {
    readiness: body.readiness,
    take(max) {
      const read = body.take(max);
      switch (read.kind) {
        case 'data':
          return read.bytes;
        case 'later':
          return NOTHING;
        case 'end':
          return undefined;
        case 'failed':
          shared.failed = read.code;
          throw bodyFailure(read.code);
      }
    },
    close: () => letGo(shared),
  };
}
