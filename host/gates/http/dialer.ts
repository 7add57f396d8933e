/** What the network may answer with besides an answer. The cases of `error` in `wit/http.wit`. */
export type NetworkFailure = 'connection-failed' | 'tls-failed' | 'timed-out' | 'response-too-large' | 'protocol-error';

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
  readonly body: Uint8Array | undefined;
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  /** Until the answer is whole, or until its header where `deadline` says so. */
  readonly totalMs: number;
  readonly deadline: 'whole' | 'header';
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
  /** Closes the connection. Nothing is reported afterwards. */
  abort(): void;
}

/** Takes one answer: `head`, any number of `data`, then `end`; or `fail`, once, at any point. */
export interface Receiver {
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
