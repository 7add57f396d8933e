import type { Decompressor } from './decompressor.ts';
import type { DialCall, Flow, HttpDialer } from './dialer.ts';
import type { HttpMethod } from './request.ts';
import { createResponseBody, type BodyLimits, type ResponseBody } from './response-body.ts';
import { readHead, type ReadHead } from './response-header.ts';
import type { HttpFailure } from './wit-error.ts';

/** What an attempt on one address came to, when the header of an answer was there or would not come. */
export type Dialled =
  | { readonly status: 'arrived'; readonly head: ReadHead; readonly body: ResponseBody }
  | { readonly status: 'failed'; readonly failure: HttpFailure; readonly sent: boolean };

/** How answers are taken. */
export interface ExchangeShape {
  readonly dialer: HttpDialer;
  readonly decompressor: Decompressor;
  readonly limits: BodyLimits;
  /** True if the body will be read as a whole. */
  readonly whole: boolean;
  /** Room for the bytes of the answer. */
  readonly takeBytes: (bytes: number) => boolean;
}

/** One attempt on one address, until the header is there. `sent` is told the bytes of the request's body as they leave. */
export function exchange(
  call: DialCall,
  method: HttpMethod,
  { dialer, decompressor, limits, whole, takeBytes }: ExchangeShape,
  sent: (bytes: number) => void,
): Promise<Dialled> {
  return new Promise((resolve) => {
    let body: ResponseBody | undefined;
    const refuse = (failure: HttpFailure, flow: Flow): void => {
      flow.abort();
      resolve({ status: 'failed', failure, sent: true });
    };
    dialer.dial(call, {
      sent,
      head(received, flow) {
        const head = readHead(received, method);
        if (typeof head === 'string') {
          refuse(head, flow);
        } else if (head.length !== undefined && head.length > limits.maxBytes) {
          refuse('response-too-large', flow);
        } else {
          body = createResponseBody({ flow, coding: head.coding, decompressor, limits, whole, takeBytes });
          resolve({ status: 'arrived', head, body });
        }
      },
      data: (chunk) => body?.data(chunk),
      end: () => body?.end(),
      fail(failure, begun) {
        if (body === undefined) resolve({ status: 'failed', failure, sent: begun });
        else body.fail(failure);
      },
    });
  });
}
