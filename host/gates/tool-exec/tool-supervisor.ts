import type { LabelRef } from '../../contracts/decision.ts';

/**
 * What lies outside the cell and is a tool all the same: functions of the embedding program, and other agents. The
 * supervisor of the cell reaches them; the gate asks it, after the decision. Plain data both ways.
 */
export interface ToolSupervisor {
  callFunction(call: FunctionCall): Promise<FunctionEnd>;
  runAgent(call: AgentCall): Promise<AgentEnd>;
}

interface Call {
  /** The name of the tool. */
  readonly tool: string;
  /** The decision that allowed the call. */
  readonly decision: string;
  readonly timeoutMs: number;
  /** Bytes that the answer may have. */
  readonly mostBytes: number;
}

export interface FunctionCall extends Call {
  /** A JSON object that fits the tool's schema. */
  readonly arguments: string;
}

/** How a function ended. Nothing that it threw is in here. */
export type FunctionEnd =
  /** `text` is what was returned: a text as it is, anything else as JSON. */
  | { readonly status: 'returned'; readonly form: 'text' | 'json'; readonly text: string }
  | { readonly status: 'timed-out' | 'too-large' }
  | { readonly status: 'failed'; readonly code: 'threw' | 'not-json' | 'not-given' };

export interface AgentCall extends Call {
  readonly input: string;
  /** The rank of the label of what the caller has read: its input may tell of it. */
  readonly label: number;
}

/** How the run of another agent ended. */
export type AgentEnd = AgentOutcome & {
  /** What the agent has read, with what it was given: its answer, or that there is none, may tell of it. */
  readonly label?: LabelRef;
};

type AgentOutcome =
  | {
      readonly status: 'ended';
      /** The id of its run. */
      readonly run: string;
      /** 0, or the exit code that the command line has for such an end. */
      readonly exitCode: number;
      readonly output: string;
      /** The agent's own account of its failure. */
      readonly error: string;
      readonly truncated: boolean;
    }
  | { readonly status: 'timed-out' | 'not-started' | 'failed'; readonly run?: string; readonly code: string }
  /** The chain of callers, or the run, has no room for it. */
  | { readonly status: 'refused'; readonly reason: 'budget-exhausted' | 'protected-resource'; readonly why: string };
