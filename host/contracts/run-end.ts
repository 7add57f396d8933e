import type { LimitName } from './limits.ts';

/** Functions of the guest that were under way, the innermost first: bounded, escaped, for the operator alone. */
export type GuestFrames = readonly string[];

/** How the guest's `run` ended, seen from the cell. */
export type GuestEnd =
  | { readonly kind: 'ok'; readonly output: string }
  | { readonly kind: 'agent-error'; readonly message: string }
  /** A trap, or a value that does not fit the contract. The message is bounded, escaped and free of host paths. */
  | { readonly kind: 'trap'; readonly message: string; readonly stack?: GuestFrames }
  /** The guest called WASI `exit`, or is a program that came back. 0 is a success. */
  | { readonly kind: 'exit'; readonly code: number; readonly stack?: GuestFrames }
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly message: string; readonly stack?: GuestFrames }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'fault'; readonly message: string };

/** What a run used, the runs of agents that it called included; but memory and fuel are its own. */
export interface Usage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakLinearMemoryBytes: number;
  readonly hostCalls: number;
  /** Instructions that it executed, where they are counted (`limits.fuel`) and it was not killed. */
  readonly fuel?: number;
}
