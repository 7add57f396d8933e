import { askOf, parseApprovalAsk, type ApprovalAsk } from './approval-ask.ts';
import type { ApprovalAnswer, ApprovalRequest, Approvals } from './contracts/approval.ts';
import type {
  AgentCall,
  AgentEnd,
  FunctionCall,
  FunctionEnd,
  ToolSupervisor,
} from './gates/tool-exec/tool-supervisor.ts';

/** What a cell may ask its supervisor for. The set is closed. */
export type CellRequest =
  | { readonly kind: 'function'; readonly call: FunctionCall }
  | { readonly kind: 'component'; readonly call: AgentCall }
  | { readonly kind: 'approval'; readonly question: ApprovalAsk };

const MOST_TEXT = { tool: 128, decision: 64 } as const;
const MOST_MS = 86_400_000;
const MOST_LABELS = 1_000;

/** Reads a request of a cell: known kinds, fields of known types within their bounds, nothing else. */
export function parseCellRequest(value: unknown, callBytes: number): CellRequest | undefined {
  const { kind, call, question } = fieldsOf(value);
  if (kind === 'approval') {
    const asked = parseApprovalAsk(question);
    return asked && { kind, question: asked };
  }
  const { tool, decision, timeoutMs, mostBytes, arguments: json, input, label } = fieldsOf(call);
  if (!isText(tool, MOST_TEXT.tool) || !isText(decision, MOST_TEXT.decision)) return undefined;
  if (!isCount(timeoutMs, MOST_MS) || !isCount(mostBytes, callBytes)) return undefined;
  const terms = { tool, decision, timeoutMs, mostBytes };
  if (kind === 'function' && isText(json, callBytes)) return { kind, call: { ...terms, arguments: json } };
  if (kind === 'component' && isText(input, callBytes) && isRank(label))
    return { kind, call: { ...terms, input, label } };
  return undefined;
}

/** The members of an object by name; none of anything else. */
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most;
const isCount = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= most;

const isRank = (value: unknown): value is number => value === 0 || isCount(value, MOST_LABELS);

/** The cell's side: asks the supervisor, whose answers have the types that the gate declares. */
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

/** The cell's side of questions to people. The supervisor may fail, and a question that is not answered is not a yes. */
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
