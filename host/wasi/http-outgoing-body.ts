import { throwWit, type ResourceClass } from '../contracts/guest-import.ts';
import type { HttpFailureCode } from '../contracts/http-service.ts';
import { errorCodeOf } from './http-error-code.ts';
import type { HttpFields } from './http-fields.ts';
import type { RequestBody } from './http-request-body.ts';
import { createSlots } from './slots.ts';
import type { Streams } from './streams.ts';

/** `outgoing-body`, and how the other resources make one. */
export interface OutgoingBodies {
  readonly OutgoingBody: ResourceClass;
  readonly show: (body: RequestBody) => object;
}

const fail = (code: HttpFailureCode): never => throwWit(errorCodeOf(code));

/** The resource `outgoing-body` of `wasi:http/types`. */
export function createOutgoingBodies(
  fields: HttpFields,
  streams: Streams,
  trap: (message: string) => never,
): OutgoingBodies {
  const slots = createSlots<{ readonly body: RequestBody; written: boolean }>(trap);

  class OutgoingBody {
    /** Trailers are not sent: whoever has some is told so, rather than that they were. */
    static finish(handle: object, trailers: object | undefined): void {
      const { body } = slots.of(handle);
      slots.release(handle);
      if (trailers !== undefined && fields.take(trailers).length > 0) {
        body.abandon();
        fail('HTTP-request-trailer-section-size');
      }
      const code = body.finish();
      if (code !== undefined) fail(code);
    }
    write(): object {
      const state = slots.of(this);
      if (state.written) throwWit(undefined);
      state.written = true;
      return streams.output(state.body.sink);
    }
    [Symbol.dispose](): void {
      const { body } = slots.of(this);
      slots.release(this);
      body.abandon();
    }
  }
  return Object.freeze({
    OutgoingBody,
    show: (body: RequestBody) => slots.hold(new OutgoingBody(), { body, written: false }),
  });
}
