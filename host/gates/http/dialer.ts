/** What the network may answer with besides an answer. The cases of `error` in `wit/http.wit`. */
export type NetworkFailure = 'connection-failed' | 'tls-failed' | 'timed-out' | 'response-too-large' | 'protocol-error';

/** A body that is still being written, taken at the pace of the connection. */
export interface UploadSource {
  /** How many bytes it will have, where that was said beforehand: the connection holds the writer to it. */
  readonly length: number | undefined;
  /** The next bytes; `undefined` at the end. Rejects where the writer gave up: the request is cut off then. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody takes any more. */
  cancel(): void;
}

/** One request to one address. Nothing in it is parsed again. */
export interface DialCall {
  /** `scheme://host[:port]`: host field, server name and certificate follow from it. */
  readonly origin: string;
  /** The only address that may be connected to. */
  readonly address: string;
  /** Connections are shared only inside one generation of the policy. */
  readonly generation: number;
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Uint8Array | UploadSource | undefined;
  readonly connectMs: number;
  /** From the last byte of the request to the header of the answer. */
  readonly firstByteMs: number;
  /** Between two pieces of a body, either way, while the other side is waited for. */
  readonly idleMs: number;
  readonly totalMs: number;
  /** What `totalMs` bounds: the whole exchange, the time until the header of the answer, or nothing. */
  readonly deadline: 'whole' | 'header' | 'none';
  /** Given where nobody wants the answer any more. It matters until the header is there: then there is the flow. */
  readonly stop?: AbortSignal;
}

/** The header of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** In the order received, names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
}

/** Steers the bytes of one answer. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Resolves when all that had arrived was passed on: a reader that takes it together is woken up once. */
  arrived(): Promise<void>;
  /** Ends the exchange: closes the connection, or the stream of one that is shared. Nothing is reported afterwards. */
  abort(): void;
}

/** Takes one answer: `head`, any number of `data`, then `end`; or `fail`, once, at any point. */
export interface Receiver {
  /** So many more bytes of the request's body were given to the connection. */
  sent(bytes: number): void;
  head(head: AnswerHead, flow: Flow): void;
  data(chunk: Uint8Array): void;
  end(): void;
  /** `sent` is false if no byte of the request left: another address may be tried. */
  fail(failure: NetworkFailure, sent: boolean): void;
}

/** Sends requests to addresses that were vetted. One dialer serves one run. */
export interface HttpDialer {
  dial(call: DialCall, receiver: Receiver): void;
  /** Ends every connection; requests under way fail. */
  close(): Promise<void>;
}
