import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inlineGuest } from '../support/inline-guest.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';

const GUEST = `
import * as fs from 'sallyport:agent/fs@0.1.0';
import * as tools from 'sallyport:agent/tool-exec@0.1.0';
import * as log from 'sallyport:agent/log@0.1.0';

const bytes = (text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));
const steps = {
  write: (path, content) => { fs.write(path, bytes(content)); return 'written'; },
  log: (text) => { log.write('info', text); return 'logged'; },
  call: (tool, json) => { const { exitCode, stdout } = tools.call(tool, JSON.stringify(json)); return exitCode + ' ' + stdout; },
};

function perform([name, ...args]) {
  try { return steps[name](...args); }
  catch (error) { return error?.payload?.val?.reason ?? error?.payload?.tag ?? String(error); }
}

export function run(input) {
  return JSON.parse(input).map(perform).join(' ');
}
`;

/** One step of the guest. */
export type ApprovalStep =
  readonly ['write', string, string] | readonly ['log', string] | readonly ['call', string, object];

export interface ApprovalWorldOptions {
  readonly cell?: 'thread' | 'process' | 'shared';
  readonly ttl?: string;
  readonly rows?: readonly string[];
  /** More lines of the configuration. */
  readonly lines?: readonly string[];
}

/** Agents that write files which somebody has to approve: `pay` itself, and `boss`, who calls it. */
export async function makeApprovalWorld(options: ApprovalWorldOptions = {}): Promise<AgentWorld> {
  const { cell = 'thread', ttl = '1m', rows, lines = [] } = options;
  const component = readFileSync(await inlineGuest(GUEST));
  const digest = `sha256:${createHash('sha256').update(component).digest('hex')}`;
  const world = makeAgentWorld({
    rows: rows ?? [
      `p, role:any, fs:write, /workspace/**, -, allow, approve=owner ttl=${ttl}`,
      'p, agent:boss, tool:call, tool:ask/pay, -, allow, -',
    ],
    configuration: [
      'version: 1',
      `cell: ${cell}`,
      'approvers: { owner: [user:ada, user:eve], risk: [user:ada, user:rick], alone: [user:eve] }',
      'mounts: { /workspace: { directory: workspace, access: rw } }',
      'agents:',
      `  pay: { component: agent.wasm, digest: '${digest}' }`,
      `  boss: { component: agent.wasm, digest: '${digest}' }`,
      'tools: { ask/pay: { kind: component, agent: pay, description: Pays. } }',
      ...lines,
      '',
    ].join('\n'),
  });
  world.write('agent.wasm', component);
  world.write('workspace/.keep', '');
  return world;
}

export const input = (...steps: ApprovalStep[]): string => JSON.stringify(steps);
