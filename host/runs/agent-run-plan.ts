import type { Configuration } from '../configuration/configuration.ts';
import type { ApprovalDesk, Waiting } from '../approval/approval-desk.ts';
import type { CellKind } from '../contracts/cell-kind.ts';
import type { RunLimits } from '../contracts/limits.ts';
import type { LivePolicy } from '../live-policy/live-policy.ts';
import type { RunFacts } from '../contracts/principal.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { RunEvent } from './run-event.ts';
import type { Caller } from './run-spec.ts';
import type { RunTree } from './run-tree.ts';
import type { Given } from './given.ts';
import type { ToolFunctions } from './tool-function.ts';

/** One run, with everything that was chosen for it. */
export interface AgentRun {
  /** What was in force when the run began. */
  readonly configuration: Configuration;
  /** What is in force now: its cell decides by that, and agents that it calls begin with it. */
  readonly live: LivePolicy;
  readonly agent: AgentManifest;
  /** Path of the component. */
  readonly component: string;
  readonly facts: RunFacts;
  readonly input: string;
  /** Nothing for a run that another agent started. */
  readonly given: Given;
  readonly signal: AbortSignal;
  /** What it may use: the agent's own limits, or less where another agent calls it. */
  readonly limits: RunLimits;
  /** Where it lives: as its configuration says, or a stronger one. */
  readonly cell: CellKind;
  /** Functions of the embedding program that are tools. */
  readonly functions: ToolFunctions;
  /** The agents on whose behalf it runs, the first caller first; nobody for a run that was started from outside. */
  readonly callers: readonly Caller[];
  /** The run and the decision that called it. */
  readonly parent?: { readonly run: string; readonly decision: string };
  /** The longest chain of agents that it may be part of. */
  readonly depth: number;
  /** The rank of what it is given: 0, or the label of its caller. */
  readonly label: number;
  readonly tree: RunTree;
  /** Asks people on behalf of the run. */
  readonly approvals: ApprovalDesk;
  /** Told of each question; may answer it. */
  readonly onQuestion?: NonNullable<Waiting['tell']>;
  /** Stops the time of every run above it, until what is returned is called. */
  readonly pauseAbove?: () => () => void;
  /** `agent` is the one that the event is about: itself, or one that it called. */
  readonly onEvent: (event: RunEvent, agent: string) => void;
}
