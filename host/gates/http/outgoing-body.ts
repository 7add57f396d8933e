import type { BegunUpload } from './driver.ts';
import type { OpenExchange, OpenExchanges } from './open-exchanges.ts';
import { throwHttpError } from './wit-error.ts';

/** The resource `outgoing-body` as the glue sees it. */
export interface OutgoingBodyHandle<Response> {
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<Response>;
  [Symbol.dispose](): void;
}

/** The resource `outgoing-body`. */
export interface OutgoingBodies<Response> {
  /** The resource class. Only `adopt` makes instances that hold an upload. */
  readonly OutgoingBody: abstract new (...values: never[]) => OutgoingBodyHandle<Response>;
  /** `conclude` waits for the answer when the body is complete. */
  adopt(upload: BegunUpload, conclude: () => Promise<Response>): OutgoingBodyHandle<Response>;
}

interface State<Response> {
  readonly upload: BegunUpload;
  readonly conclude: () => Promise<Response>;
  readonly place: OpenExchange;
  finished: boolean;
}

/** Makes the resource of streamed requests of one run. */
export function createOutgoingBodies<Response>(open: OpenExchanges): OutgoingBodies<Response> {
  const states = new WeakMap<object, State<Response>>();

  const writable = (handle: object): State<Response> => {
    const state = states.get(handle);
    if (state === undefined) return throwHttpError({ tag: 'internal' });
    return state.finished ? throwHttpError({ tag: 'invalid-request', val: 'the body is finished' }) : state;
  };

  class OutgoingBody implements OutgoingBodyHandle<Response> {
    /** `write: func(bytes: list<u8>) -> result<_, error>` */
    async write(bytes: Uint8Array): Promise<void> {
      const written = await writable(this).upload.write(bytes);
      if (typeof written === 'object') throwHttpError({ tag: 'invalid-request', val: written.refused });
    }

    /** `finish: func() -> result<streaming-response, error>` */
    async finish(): Promise<Response> {
      const state = writable(this);
      state.finished = true;
      try {
        const refusal = state.upload.end();
        if (refusal !== undefined) return throwHttpError({ tag: 'invalid-request', val: refusal.refused });
        return await state.conclude();
      } finally {
        open.delete(state.place);
      }
    }

    [Symbol.dispose](): void {
      const state = states.get(this);
      if (state === undefined || state.finished) return;
      open.delete(state.place);
      state.upload.abandon();
    }
  }

  return Object.freeze({
    OutgoingBody,
    adopt(upload: BegunUpload, conclude: () => Promise<Response>): OutgoingBodyHandle<Response> {
      const handle = new OutgoingBody();
      const place = { close: () => upload.abandon() };
      states.set(handle, { upload, conclude, place, finished: false });
      open.add(place);
      return handle;
    },
  });
}
