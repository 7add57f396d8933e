import { describe, expect, it } from 'vitest';
import { createApprovalDesk } from '../../../host/approval/approval-desk.ts';
import { createClock } from '../../../host/powers/clock.ts';
import { sleep } from '../../../host/powers/sleep.ts';
import type { AgentRun } from '../../../host/runs/agent-run-plan.ts';
import type { RunResult } from '../../../host/contracts/run-result.ts';
import { runDelegated } from '../../../host/runs/delegation.ts';
import { createRunTree } from '../../../host/runs/run-tree.ts';
import { resolveComponentTool } from '../../../host/gates/tool-exec/component-tool.ts';
import { REAL_WORLD } from '../../../host/contracts/guest-world.ts';
import { DEFAULT_LIMITS } from '../../../host/contracts/limits.ts';
import { NOTHING_GIVEN } from '../../../host/runs/given.ts';
import type { RunEvent } from '../../../host/runs/run-event.ts';
import type { ServiceContext } from '../../../host/sandbox/cell-service.ts';

const POLICY = { digest: 'sha256:x', generation: 1 };
const agentOf = (name: string) => ({
  name,
  component: `${name}.wasm`,
  limits: DEFAULT_LIMITS,
  env: new Map(),
  args: [],
  imports: 'deny' as const,
  cell: 'thread' as const,
  wasi: REAL_WORLD,
});
const agents = new Map(['a', 'b', 'c'].map((name) => [name, agentOf(name)]));
const principalOf = (name: string) => ({ agent: `agent:${name}`, roles: ['role:any'], component: 'sha256:x' });
const toolOf = (agent: string, more: object = {}) =>
  resolveComponentTool(`ask/${agent}`, { kind: 'component', description: 'd', agent, ...more }, () => undefined);
const CALL = { tool: 'ask/b', decision: 'run-a/1', timeoutMs: 500, mostBytes: 100, input: 'x', label: 0 };

const RESULT: RunResult = {
  run: 'run-b',
  status: 'ok',
  output: 'done',
  decisions: { allow: 0, deny: 0, pending: 0 },
  usage: { wallMs: 1, cpuMs: 7, peakLinearMemoryBytes: 0, hostCalls: 3 },
  cell: 'thread',
  program: 'agent',
  component: 'sha256:x',
  policy: POLICY,
  audit: null,
};

function treeOf(result: RunResult = RESULT) {
  const started: AgentRun[] = [];
  const charged: object[] = [];
  const told: RunEvent[] = [];
  // Only what a delegation looks at: the rest of a configuration is of no concern here.
  const configuration = { manifest: { agents, labels: [], groups: undefined } } as unknown as AgentRun['configuration'];
  const run: AgentRun = {
    configuration,
    live: { current: () => configuration } as AgentRun['live'],
    agent: agentOf('a'),
    component: 'a.wasm',
    facts: { purpose: 'work', onBehalfOf: 'user:ann' },
    input: '',
    given: NOTHING_GIVEN,
    cell: 'thread',
    limits: DEFAULT_LIMITS,
    functions: new Map(),
    callers: [],
    label: 0,
    depth: 16,
    tree: createRunTree(DEFAULT_LIMITS),
    approvals: createApprovalDesk({
      open: () => {
        throw new Error('nobody asks');
      },
      clock: createClock(),
      sleep,
    }),
    signal: new AbortController().signal,
    onEvent: (event) => told.push(event),
  };
  const context: ServiceContext = {
    signal: new AbortController().signal,
    left: () => ({ wallMs: 900.5, cpuMs: 400, hostCalls: 50 }),
    charge: (used) => charged.push(used),
    pause: () => () => undefined,
  };
  const start = (child: AgentRun): Promise<RunResult> => {
    started.push(child);
    return Promise.resolve(result);
  };
  return {
    started,
    charged,
    told,
    context,
    delegate: runDelegated({ run, id: 'run-a', principal: principalOf('a'), start }),
  };
}

describe('M1 the run of a called agent', () => {
  it('has of each limit the lower: its own, or what the caller and the call have left', async () => {
    const { started, charged, delegate, context } = treeOf();
    expect(await delegate(toolOf('b'), CALL, context)).toMatchObject({ status: 'ended', exitCode: 0, output: 'done' });
    expect(started[0]?.limits).toEqual({ ...DEFAULT_LIMITS, wallMs: 500, cpuMs: 400, hostCalls: 50 });
    expect(charged).toEqual([{ cpuMs: 7, hostCalls: 3 }]);
  });

  it('knows the chain, acts for the same person and purpose, and ends with its caller', async () => {
    const { started, delegate, context } = treeOf();
    await delegate(toolOf('b'), CALL, context);
    expect(started[0]).toMatchObject({
      facts: { purpose: 'work', onBehalfOf: 'user:ann' },
      parent: { run: 'run-a', decision: 'run-a/1' },
      label: 0,
      callers: [{ principal: principalOf('a') }],
      depth: 4,
    });
    expect(started[0]?.signal).toBe(context.signal);
  });

  it('is one of at most 256 below one run, however they are split up', async () => {
    const { started, delegate, context } = treeOf();
    const tools = [toolOf('b', { calls: 1000 }), toolOf('c', { calls: 1000 })] as const;
    for (let turn = 0; turn < 128; turn++) for (const tool of tools) await delegate(tool, CALL, context);
    expect(started).toHaveLength(256);
    expect(await delegate(tools[0], CALL, context)).toMatchObject({ status: 'refused', reason: 'budget-exhausted' });
    expect(started).toHaveLength(256);
  });

  it('shows the operator no more lines than the first run may write, however many agents write them', async () => {
    const { started, told, delegate, context } = treeOf();
    for (let turn = 0; turn < 3; turn++) await delegate(toolOf('b'), CALL, context);
    const most = DEFAULT_LIMITS.outputBytes + DEFAULT_LIMITS.logBytes;
    const line = 'x'.repeat(Math.floor(most / 4));
    for (const child of started)
      for (let turn = 0; turn < 3; turn++) child.onEvent({ kind: 'output', stream: 'stdout', lines: [line] }, 'b');
    expect(told.filter(({ kind }) => kind === 'output')).toHaveLength(4);
    expect(told.filter(({ kind }) => kind === 'fault')).toHaveLength(1);
    started[0]?.onEvent({ kind: 'fault', text: 'still told' }, 'b');
    expect(told.at(-1)).toMatchObject({ text: 'still told' });
  });

  it('tells its caller nothing of the host where the host failed', async () => {
    const error = { code: 'ERR_INTERNAL', message: 'the disk at /var/secret is full' };
    const failed: RunResult = { ...RESULT, output: '', status: 'host-fault', error };
    const { delegate, context } = treeOf(failed);
    expect(await delegate(toolOf('b'), CALL, context)).toEqual({
      status: 'failed',
      run: 'run-b',
      code: 'ERR_INTERNAL',
    });
    const trapped = treeOf({ ...failed, status: 'agent-error', error: { code: 'trap', message: 'at /host/path' } });
    const end = await trapped.delegate(toolOf('b'), CALL, trapped.context);
    expect(end).toMatchObject({ status: 'ended', exitCode: 1, error: 'the agent ended without an answer: trap' });
  });
});
