import type { LogLevel } from '../contracts/log-sink.ts';
import type { DecisionEvent } from '../enforcement/enforce.ts';
import type { OperatorReply } from '../approval/approval-desk.ts';
import type { ShownQuestion } from './shown-question.ts';
import type { RunEvent } from './run-event.ts';

/** Whoever started a run, and wants to hear of it. */
export interface RunObserver {
  /**
   * Told of everything that was denied, as it happens. `agent` is the one whose rules do not allow it: the agent itself,
   * one that it called, or, in what that one tried, a caller.
   */
  readonly onDecision?: (event: DecisionEvent, agent: string) => void;
  /**
   * Told of each question to people that waits for an answer, of the run and of agents that it called. It may answer: a yes
   * in the name of an approver, who is not the one on whose behalf the agent runs; a no in anybody's. Others may answer as
   * well, through the state directory; `answered` is aborted then, and when the time is over.
   */
  readonly onApproval?: (
    question: ShownQuestion,
    answered: AbortSignal,
  ) => OperatorReply | undefined | Promise<OperatorReply | undefined>;
  /**
   * Told of every decision, allow or deny, that a row with `alert=` made: `event.alerts` are the names. `agent` is the one
   * that asked.
   */
  readonly onAlert?: (event: DecisionEvent, agent: string) => void;
  /** A line that the agent, or one that it called, wrote for the operator. */
  readonly onLog?: (level: LogLevel, text: string, agent: string) => void;
  /**
   * A line of an agent's output, or of the standard error of any other program. It may hold anything: escape it before a
   * terminal.
   */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr', agent: string) => void;
  /** What a WASI command or module writes to standard output, as it comes. It may hold anything. */
  readonly onAnswer?: (bytes: Uint8Array) => void;
  /** A fault of the host. */
  readonly onFault?: (text: string) => void;
}

/** An observer that throws would otherwise end the whole process, and with it runs whose records are open. */
export function tellSafely(event: RunEvent, request: RunObserver, agent: string): void {
  try {
    tell(event, request, agent);
  } catch (error) {
    if (event.kind === 'fault') return; // there is nobody left to tell
    tellSafely({ kind: 'fault', text: `an observer of the run failed: ${String(error)}` }, request, agent);
  }
}

function tell(event: RunEvent, request: RunObserver, agent: string): void {
  switch (event.kind) {
    case 'decision':
      // Where a caller's rules deny, it is the caller that lacks a row.
      request.onDecision?.(event.event, event.event.agent?.replace(/^agent:/, '') ?? agent);
      return;
    case 'alert':
      request.onAlert?.(event.event, agent);
      return;
    case 'log':
      request.onLog?.(event.level, event.text, agent);
      return;
    case 'output':
      for (const line of event.lines) request.onOutput?.(line, event.stream, agent);
      return;
    case 'answer':
      request.onAnswer?.(event.bytes);
      return;
    case 'label': // stands in the result
      return;
    case 'fault':
      request.onFault?.(event.text);
  }
}
