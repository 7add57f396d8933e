import type { GuestEnd } from './run-end.ts';

/**
 * Ends the run from inside a host function: WASI `exit`, a budget of bytes that is spent. Thrown by an interface and
 * recognised by the sandbox; the guest never sees it, and nothing of the guest's reaches the host after it.
 */
export class RunStop extends Error {
  override readonly name = 'RunStop';
  readonly end: GuestEnd;

  constructor(end: GuestEnd) {
    super(`the run ends: ${end.kind}`);
    this.end = end;
  }
}
