import type { ApprovalAsk } from '../runs/approval-ask.ts';
import { MOST_SHOWN } from '../approval/question-bounds.ts';
import type { CellRequest } from './cell-request.ts';
import type { ApprovalAnswer, ApprovalRequest, Approvals } from '../contracts/approval.ts';
import type {
  AgentCall,
  AgentEnd,
  FunctionCall,
  FunctionEnd,
  ToolSupervisor,
} from '../gates/tool-exec/tool-supervisor.ts';

// The side of the cell. What reads requests is the supervisor's, and too large to be loaded into each cell.

/** A request as its cell asks about it. What is too long to be shown is left out, and said to be: its digest is there. */
export function askOf(request: ApprovalRequest): ApprovalAsk {
  const { decision, accesses, summary, payload, partial = false, digest, policy, rules, terms, label } = request;
  const whole = JSON.stringify({ summary, ...(payload === undefined ? {} : { payload }) });
  const shown = whole.length <= MOST_SHOWN ? whole : JSON.stringify({ summary, omitted: 'the payload is too long' });
  return {
    ...{ decision, accesses: [...accesses], shown, partial, digest, policy },
    ...{ rules: [...rules], roles: [...terms.roles], ttlMs: terms.ttlMs },
    ...(label === undefined ? {} : { label }),
  };
}

/** Asks the supervisor, whose answers have the types that the gate declares. */
export function createToolSupervisor(
  ask: (request: CellRequest, timeoutMs: number) => Promise<unknown>,
): ToolSupervisor {
  return Object.freeze({
    // The supervisor is the host itself, and makes its answers in `cell-servant.ts`.
    callFunction: async (call: FunctionCall) => (await ask({ kind: 'function', call }, call.timeoutMs)) as FunctionEnd,
    runAgent: async (call: AgentCall) => (await ask({ kind: 'component', call }, call.timeoutMs)) as AgentEnd,
  });
}

/** More than an answer takes to be written down and told. */
const TOLD_MS = 60_000;

/** A guest makes one call at a time, but may begin requests of WASI side by side; the supervisor takes no more than it knows of. */
const MOST_AT_ONCE = 4;

/** Questions to people. The supervisor may fail, and a question that is not answered is not a yes. */
export function createCellApprovals(ask: (request: CellRequest, timeoutMs: number) => Promise<unknown>): Approvals {
  let waiting = 0;
  return Object.freeze({
    async ask(request: ApprovalRequest): Promise<ApprovalAnswer> {
      if (waiting >= MOST_AT_ONCE) return { status: 'unavailable', why: 'too-many' };
      waiting += 1;
      try {
        const question = askOf(request);
        // As above.
        return (await ask({ kind: 'approval', question }, request.terms.ttlMs + TOLD_MS)) as ApprovalAnswer;
      } catch {
        return { status: 'unavailable', why: 'no-store' };
      } finally {
        waiting -= 1;
      }
    },
  });
}
