import type { LabelRef } from '../contracts/decision.ts';
import type { LogLevel } from '../contracts/log-sink.ts';
import type { DecisionEvent } from '../enforcement/enforce.ts';

/** What a cell tells its supervisor while a run goes on. */
export type RunEvent =
  /** Something was denied, or waits. Allowed effects are in the record alone. */
  | { readonly kind: 'decision'; readonly event: DecisionEvent }
  /** A rule says that somebody is to be told of this decision, whatever it is. */
  | { readonly kind: 'alert'; readonly event: DecisionEvent }
  /** A line that the agent wrote for the operator; escaped. */
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  /** Lines of the agent's standard output or error; raw. */
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly lines: readonly string[] }
  /** What a program that is no agent wrote to standard output; raw. */
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  /** The run has read something more sensitive than all before. */
  | { readonly kind: 'label'; readonly label: LabelRef }
  /** A fault of the host. */
  | { readonly kind: 'fault'; readonly text: string };
