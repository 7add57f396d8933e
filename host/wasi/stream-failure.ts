/**
 * Thrown by what is behind a stream: the guest sees `last-operation-failed`, and finds `code` where it asks the interface
 * of `origin` about the error (`filesystem-error-code`, `http-error-code`).
 */
export class StreamFailure extends Error {
  override readonly name = 'StreamFailure';
  readonly origin: 'filesystem' | 'http';
  /** A value of that interface's error type. */
  readonly code: unknown;

  constructor(origin: 'filesystem' | 'http', code: unknown) {
    super(`${origin}: ${typeof code === 'string' ? code : 'failed'}`);
    this.origin = origin;
    this.code = code;
  }
}
