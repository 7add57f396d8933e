import type { SecretMask } from '../../contracts/run-secrets.ts';
import type { Decompressor } from './decompressor.ts';
import type { DialCall, Flow, HttpDialer } from './dialer.ts';
import type { HttpMethod } from './request.ts';
import { chained } from './chained-mask.ts';
import type { Redaction } from '../../redaction/redactor.ts';
import { redactedHead, valueOf } from './redacted-request.ts';
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
  /** Hides secrets that come back. */
  readonly mask?: SecretMask;
  /** What masks the answer, if anything. */
  readonly redaction: Redaction | undefined;
  /** Whether what was decided still stands. */
  readonly stands: () => boolean;
  /** Room for the bytes of the answer. */
  readonly takeBytes: (bytes: number) => boolean;
}

/** One attempt on one address, until the header is there. `sent` is told the bytes of the request's body as they leave. */
export function exchange(
  call: DialCall,
  method: HttpMethod,
  { dialer, decompressor, limits, whole, mask, redaction, stands, takeBytes }: ExchangeShape,
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
        const head = readHead(received, method, mask);
        if (typeof head === 'string') {
          refuse(head, flow);
        } else if (head.length !== undefined && head.length > limits.maxBytes) {
          refuse('response-too-large', flow);
        } else {
          const masking = chained(mask?.stream(), redaction?.stream(valueOf(head.headers, 'content-type')));
          const bounds = { limits, whole, stands, takeBytes, ...(masking === undefined ? {} : { mask: masking }) };
          body = createResponseBody({ flow, coding: head.coding, decompressor, ...bounds });
          resolve({ status: 'arrived', head: redaction === undefined ? head : redactedHead(head, redaction), body });
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
