import type { CellKind } from './cell-kind.ts';
import type { PolicyRef } from './decision.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { LimitName } from './limits.ts';
import type { Program } from './program.ts';
import type { GuestFrames, Usage } from './run-end.ts';

/** How a run ended. `denied` is for a run that could not start, or ended, because of a denial. */
export const RUN_STATUSES = ['ok', 'agent-error', 'denied', 'limit', 'invalid', 'host-fault'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Why a run did not end well. */
export interface RunError {
  /** A host error code (`ERR_…`), or `agent-error`, `trap`, `exit`, `limit`, `cancelled`. */
  readonly code: string;
  readonly message: string;
  readonly limit?: LimitName;
  /** What was under way in the agent, where the component has names and the end met it there. */
  readonly stack?: GuestFrames;
}

/** How many decisions a run met. */
export interface DecisionCounts {
  readonly allow: number;
  readonly deny: number;
  readonly pending: number;
}

/** What `run --json` prints. `null` stands for what was not reached. */
export interface RunResult {
  readonly run: string | null;
  readonly status: RunStatus;
  /** What the agent returned; what any other program wrote to standard output, however it ended. */
  readonly output?: string;
  /** Of a program that ended by itself; an agent has none unless it called WASI `exit`. */
  readonly exitCode?: number;
  readonly error?: RunError;
  /** The label of all that the run had read: its output may tell of it. Absent where it never came to read anything. */
  readonly label?: string;
  readonly decisions: DecisionCounts;
  readonly usage: Usage;
  /** Where the guest lived, or would have; `null` where it was not even known. */
  readonly cell: CellKind | null;
  readonly program: Program | null;
  /** Digest of the component. */
  readonly component: string | null;
  readonly policy: PolicyRef | null;
  /** Path of the audit record. */
  readonly audit: string | null;
}

/** The exit code for each status. */
export const EXIT_OF_STATUS: Readonly<Record<RunStatus, ExitCode>> = {
  ok: EXIT.ok,
  'agent-error': EXIT.agentError,
  denied: EXIT.denied,
  invalid: EXIT.invalid,
  limit: EXIT.limit,
  'host-fault': EXIT.hostFault,
};
