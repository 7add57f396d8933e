import { askPeople } from '../runs/approval-servant.ts';
import { parseCellRequest } from './cell-request.ts';
import { runDelegated, type Delegation } from '../runs/delegation.ts';
import type { AgentEnd, FunctionCall, FunctionEnd } from '../gates/tool-exec/tool-supervisor.ts';
import type { CellServant, ServiceContext } from '../sandbox/cell-service.ts';
import { describeError } from '../sandbox/printable.ts';
import type { Clock } from '../contracts/powers.ts';
import type { ApprovalAnswer } from '../contracts/approval.ts';
import { callToolFunction, type ToolFunctions } from '../runs/tool-function.ts';

export interface CellServantOptions extends Delegation {
  readonly functions: ToolFunctions;
  readonly clock: Clock;
}

/** Answers what the cell of one run asks for: functions of the embedding program, runs of other agents, and people. */
export function createCellServant(options: CellServantOptions): CellServant {
  const { run } = options;
  const tools = new Map(run.configuration.settings.tools.tools.map((tool) => [tool.name, tool]));
  const delegate = runDelegated(options);
  return async (request: unknown, context: ServiceContext): Promise<FunctionEnd | AgentEnd | ApprovalAnswer> => {
    const asked = parseCellRequest(request, run.limits.callBytes);
    if (asked?.kind === 'approval') return askPeople(options, asked.question, context);
    const tool = tools.get(asked?.call.tool ?? '');
    if (asked?.kind === 'function' && tool?.kind === 'function') return callFunction(options, asked.call, context);
    if (asked?.kind === 'component' && tool?.kind === 'component') return delegate(tool, asked.call, context);
    throw new TypeError('the cell asked for something that is not declared');
  };
}

async function callFunction(
  { functions, run, id, principal }: CellServantOptions,
  call: FunctionCall,
  { signal }: ServiceContext,
): Promise<FunctionEnd> {
  const perform = functions.get(call.tool);
  if (perform === undefined) return { status: 'failed', code: 'not-given' };
  const { purpose } = run.facts;
  const context = {
    principal,
    ...(purpose === undefined ? {} : { purpose }),
    run: id,
    decision: call.decision,
    signal,
  };
  return callToolFunction(call, perform, context, (error) => {
    run.onEvent(
      { kind: 'fault', text: `the function \`${call.tool}\` failed: ${describeError(error)}` },
      run.agent.name,
    );
  });
}
