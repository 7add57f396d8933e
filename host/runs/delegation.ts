import type { AgentRun } from './agent-run-plan.ts';
import type { Principal, RunFacts } from '../contracts/principal.ts';
import { EXIT_OF_STATUS, type RunResult } from '../contracts/run-result.ts';
import type { ComponentTool } from '../gates/tool-exec/component-tool.ts';
import type { AgentCall, AgentEnd } from '../gates/tool-exec/tool-supervisor.ts';
import { groupsOf } from '../configuration/groups.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import { lowerLimits } from '../manifest/limit-section.ts';
import type { RunEvent } from './run-event.ts';
import { MOST_RUNS } from './run-tree.ts';
import { NOTHING_GIVEN } from './given.ts';
import type { ServiceContext } from '../sandbox/cell-service.ts';
import { describeError } from '../sandbox/printable.ts';

/** A run that may call other agents, and how they are run. */
export interface Delegation {
  readonly run: AgentRun;
  /** The id of the run. */
  readonly id: string;
  readonly principal: Principal;
  readonly start: (run: AgentRun) => Promise<RunResult>;
}

/** What is told of called agents: their lines as far as there is room for them, everything else always. */
function toldBelow({ tree, onEvent }: AgentRun): AgentRun['onEvent'] {
  let silent = false;
  return (event, agent) => {
    const bytes = lineBytes(event);
    if (bytes === 0 || tree.show(bytes)) onEvent(event, agent);
    else if (!silent) {
      silent = true;
      onEvent({ kind: 'fault', text: 'called agents write more than the run may: further lines are not shown' }, agent);
    }
  };
}

function lineBytes(event: RunEvent): number {
  switch (event.kind) {
    case 'log':
      return Buffer.byteLength(event.text);
    case 'output':
      return event.lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
    case 'decision':
    case 'label':
    case 'alert':
    case 'answer': // it is handed to the caller
    case 'fault':
      return 0;
  }
}

/** Runs agents on behalf of one run. Never rejects. */
export function runDelegated(delegation: Delegation) {
  const { run, id, principal, start } = delegation;
  const calls = new Map<string, number>();
  // What a run tells is passed on by its caller: the first of them counts.
  const onEvent = run.callers.length === 0 ? toldBelow(run) : run.onEvent;
  return async (tool: ComponentTool, call: AgentCall, context: ServiceContext): Promise<AgentEnd> => {
    const refused = refusalOf(delegation, tool, calls);
    if (refused !== undefined) return refused;
    const configuration = run.live.current();
    const agent = configuration.manifest.agents.get(tool.agent);
    if (agent === undefined) return { status: 'not-started', code: 'no-such-agent' };
    const child: AgentRun = {
      ...run,
      configuration,
      agent,
      component: agent.component,
      facts: factsBelow(run.facts, agent, (user) => groupsOf(run.configuration.manifest, user)),
      cell: agent.cell,
      limits: limitsBelow(agent, call, context),
      label: call.label,
      input: call.input,
      given: NOTHING_GIVEN,
      signal: context.signal,
      callers: [...run.callers, { principal, facts: run.facts }],
      parent: { run: id, decision: call.decision },
      depth: Math.min(run.depth, tool.depth),
      pauseAbove() {
        const holds = [context.pause(), run.pauseAbove?.()];
        return () => holds.forEach((resume) => resume?.());
      },
      onEvent,
    };
    try {
      const result = await start(child);
      context.charge({ cpuMs: result.usage.cpuMs, hostCalls: result.usage.hostCalls });
      return { ...endOf(result, call, context.signal), ...labelOf(result, run.configuration.manifest.labels) };
    } catch (error) {
      // There is no record of such a run; that of the caller says that it could not be started.
      const text = `the agent \`${agent.name}\` could not be started: ${describeError(error)}`;
      run.onEvent({ kind: 'fault', text }, run.agent.name);
      return { status: 'not-started', code: 'not-started' };
    }
  };
}

/** What a called agent has read, its caller has read. */
function labelOf({ label }: RunResult, order: readonly string[]): Pick<AgentEnd, 'label'> {
  return label === undefined ? {} : { label: { name: label, rank: order.indexOf(label) } };
}

/** What keeps an agent from being called at all, whatever the policy says. Counts the call where nothing does. */
function refusalOf(
  { run, principal }: Delegation,
  tool: ComponentTool,
  calls: Map<string, number>,
): AgentEnd | undefined {
  const chain = [...run.callers.map((caller) => caller.principal.agent), principal.agent];
  const called = `agent:${tool.agent}`;
  if (chain.includes(called)) {
    const why = `${[...chain, called].join(' > ')}: an agent cannot be called below itself`;
    return { status: 'refused', reason: 'protected-resource', why };
  }
  const depth = Math.min(run.depth, tool.depth);
  if (chain.length >= depth) return exhausted(`a chain of agents has at most ${depth} of them`);
  const made = calls.get(tool.name) ?? 0;
  if (made >= tool.calls) return exhausted(`a run may call \`${tool.name}\` at most ${tool.calls} times`);
  if (!run.tree.take()) return exhausted(`a run and the runs below it are at most ${MOST_RUNS}`);
  calls.set(tool.name, made + 1);
  return undefined;
}

const exhausted = (why: string): AgentEnd => ({ status: 'refused', reason: 'budget-exhausted', why });

/** Purpose and person are those of the caller: the agent runs for what the caller runs for. */
function factsBelow(
  facts: RunFacts,
  agent: AgentManifest,
  groupsOf: (user: string) => readonly string[] | undefined,
): RunFacts {
  const purpose = facts.purpose ?? agent.purpose;
  const onBehalfOf = facts.onBehalfOf ?? agent.onBehalfOf;
  const groups = onBehalfOf === undefined ? undefined : groupsOf(onBehalfOf);
  return {
    ...(purpose === undefined ? {} : { purpose }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(groups === undefined ? {} : { groups }),
    ...(agent.environment === undefined ? {} : { environment: agent.environment }),
  };
}

/** Of the agent's own limits and what the caller has left, the lower. */
function limitsBelow({ limits }: AgentManifest, { timeoutMs }: AgentCall, { left }: ServiceContext) {
  const { wallMs, cpuMs, hostCalls } = left();
  return lowerLimits(limits, {
    ...limits,
    wallMs: Math.max(1, Math.floor(Math.min(wallMs, timeoutMs))),
    cpuMs: Math.max(1, Math.floor(cpuMs)),
    hostCalls: Math.max(0, hostCalls),
  });
}

/** What the caller is told of a run. Of the host's own texts, nothing. */
function endOf(
  { run, status, output = '', error }: RunResult,
  { mostBytes }: AgentCall,
  signal: AbortSignal,
): AgentEnd {
  const id = run === null ? {} : { run };
  const late = signal.aborted || error?.limit === 'wallMs';
  if (late && status !== 'ok') return { status: 'timed-out', ...id, code: error?.limit ?? 'timed-out' };
  switch (status) {
    case 'ok':
    case 'agent-error':
    case 'limit': {
      const [text, why] = [cut(output, mostBytes), cut(accountOf(error), mostBytes)];
      const truncated = text.cut || why.cut;
      return {
        status: 'ended',
        run: run ?? '',
        exitCode: EXIT_OF_STATUS[status],
        output: text.text,
        error: why.text,
        truncated,
      };
    }
    case 'denied':
    case 'invalid':
      return { status: 'not-started', ...id, code: error?.code ?? status };
    case 'host-fault':
      return { status: 'failed', ...id, code: error?.code ?? status };
  }
}

function accountOf(error: RunResult['error']): string {
  switch (error?.code) {
    case undefined:
      return '';
    case 'agent-error':
      return error.message;
    case 'limit':
      return `the agent reached a limit: ${error.limit ?? 'unknown'}`;
    default:
      return `the agent ended without an answer: ${error?.code ?? 'unknown'}`;
  }
}

/** A text that is too long, cut between two characters. */
function cut(text: string, mostBytes: number): { readonly text: string; readonly cut: boolean } {
  if (text.length <= mostBytes && Buffer.byteLength(text) <= mostBytes) return { text, cut: false };
  const bytes = Buffer.from(text.slice(0, mostBytes));
  let end = Math.min(bytes.length, mostBytes);
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return { text: bytes.toString('utf8', 0, end), cut: true };
}
