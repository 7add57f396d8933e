import type { OpenExchanges } from './open-exchanges.ts';
import type { BodyRead, ResponseBody } from './response-body.ts';
import { throwHttpError } from './wit-error.ts';

/** The resource `incoming-body` as the glue sees it. */
export interface IncomingBodyHandle {
  read(max: number): Promise<Uint8Array | undefined>;
  [Symbol.dispose](): void;
}

/** The resource `incoming-body`. */
export interface IncomingBodies {
  /** The resource class. Only `adopt` makes instances that hold a body. */
  readonly IncomingBody: abstract new (...values: never[]) => IncomingBodyHandle;
  adopt(body: ResponseBody): IncomingBodyHandle;
}

const MOST_BYTES_A_READ = 1024 * 1024;

/** Makes the resource of streamed answers of one run. */
export function createIncomingBodies(open: OpenExchanges): IncomingBodies {
  const bodies = new WeakMap<object, ResponseBody>();

  class IncomingBody implements IncomingBodyHandle {
    /** `read: func(max: u32) -> result<option<list<u8>>, error>` */
    async read(max: number): Promise<Uint8Array | undefined> {
      const body = bodies.get(this);
      if (body === undefined) return throwHttpError({ tag: 'internal' });
      const read: BodyRead = await body.read(Math.min(max, MOST_BYTES_A_READ));
      if (read.kind === 'data') return read.bytes;
      // Nothing more can come, so the place is free although the handle lives on.
      open.delete(body);
      return read.kind === 'end' ? undefined : throwHttpError({ tag: read.failure });
    }

    [Symbol.dispose](): void {
      const body = bodies.get(this);
      if (body === undefined) return;
      open.delete(body);
      body.close();
    }
  }

  return Object.freeze({
    IncomingBody,
    adopt(body: ResponseBody): IncomingBodyHandle {
      const handle = new IncomingBody();
      bodies.set(handle, body);
      open.add(body);
      return handle;
    },
  });
}
