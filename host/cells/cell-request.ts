import { parseApprovalAsk, type ApprovalAsk } from '../runs/approval-ask.ts';
import type { AgentCall, FunctionCall } from '../gates/tool-exec/tool-supervisor.ts';

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
