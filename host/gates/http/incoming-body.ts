import type { BodyRead, ResponseBody } from './response-body.ts';
import { throwHttpError } from './wit-error.ts';

/** The resource `incoming-body` as the glue sees it. */
export interface IncomingBodyHandle {
  read(max: number): Promise<Uint8Array | undefined>;
  [Symbol.dispose](): void;
}

/** The streamed bodies that a run holds. */
export interface OpenBodies {
  /** The resource class. Only `adopt` makes instances that hold a body. */
  readonly IncomingBody: abstract new (...values: never[]) => IncomingBodyHandle;
  readonly full: () => boolean;
  adopt(body: ResponseBody): IncomingBodyHandle;
  closeAll(): void;
}

const MOST_BYTES_A_READ = 1024 * 1024;

/** Makes the table of streamed bodies of one run, of at most `most` at a time. */
export function createOpenBodies(most: number): OpenBodies {
  const bodies = new WeakMap<object, ResponseBody>();
  const open = new Set<ResponseBody>();

  const release = (body: ResponseBody): void => {
    open.delete(body);
    body.close();
  };

  /** `read: func(max: u32) -> result<option<list<u8>>, error>` */
  class IncomingBody implements IncomingBodyHandle {
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
      if (body !== undefined) release(body);
    }
  }

  return Object.freeze({
    IncomingBody,
    full: () => open.size >= most,
    adopt(body: ResponseBody): IncomingBodyHandle {
      const handle = new IncomingBody();
      bodies.set(handle, body);
      open.add(body);
      return handle;
    },
    closeAll(): void {
      for (const body of open) release(body);
    },
  });
}
