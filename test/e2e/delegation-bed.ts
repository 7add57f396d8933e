import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecisionEvent } from '../../host/enforcement/enforce.ts';
import { openHost, type Host, type HostOptions, type RunOptions } from '../../host/host.ts';
import type { RunResult } from '../../host/contracts/run-result.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** One step of a guest: what it does, and with what. */
export type Step = readonly [string, ...unknown[]];

/** What a guest does: steps, and perhaps a failure at the end. */
export interface Script {
  readonly steps: readonly Step[];
  readonly fail?: string;
  readonly answer?: string;
}

/** What the guest saw of one step. */
export interface Seen {
  readonly ok?: unknown;
  readonly error?: { readonly tag: string; readonly val?: { readonly reason?: string } & Record<string, unknown> };
  readonly thrown?: string;
}

const GUEST = `
import * as fs from 'sallyport:agent/fs@0.1.0';
import * as tools from 'sallyport:agent/tool-exec@0.1.0';
import * as policy from 'sallyport:agent/policy@0.1.0';

const text = (bytes) => String.fromCharCode(...bytes);
const bytes = (text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));

const steps = {
  read: (path) => text(fs.read(path, undefined)),
  write: (path, content) => fs.write(path, bytes(content)),
  list: () => tools.list().map(({ name, description, inputSchema }) => ({ name, description, schema: JSON.parse(inputSchema) })),
  call: (tool, json) => tools.call(tool, typeof json === 'string' ? json : JSON.stringify(json)),
  check: (action, resource) => policy.check([{ action, resource, arguments: '{}' }]),
  print: (line) => { console.log(line); return 0; },
  times: (count, step) => { let last; for (let turn = 0; turn < count; turn++) last = perform(step); return last; },
  spin: () => { for (;;); },
  burn: (ms) => { const start = Date.now(); while (Date.now() - start < ms); return ms; },
  trap: () => { const boom = () => boom() + 1; return boom(); },
};

function perform([name, ...args]) {
  try {
    return { ok: steps[name](...args) };
  } catch (error) {
    if (error?.payload === undefined) return { thrown: String(error) };
    return { error: JSON.parse(JSON.stringify(error.payload, (_, value) => (typeof value === 'bigint' ? String(value) : value))) };
  }
}

export function run(input) {
  const script = JSON.parse(input);
  const seen = script.steps.map(perform);
  if (script.fail !== undefined) throw script.fail;
  return script.answer ?? JSON.stringify(seen, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
`;

/** The agents of the bed; each has the tool `ask/NAME`. */
export const AGENTS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'] as const;

export interface BedOptions extends Pick<HostOptions, 'functions'> {
  readonly rows?: readonly string[];
  /** More sections of the configuration. */
  readonly sections?: readonly string[];
  /** More lines of the configuration, under `tools:`. */
  readonly tools?: readonly string[];
  /** More settings of an agent: `, limits: { … }`. */
  readonly agents?: Partial<Record<(typeof AGENTS)[number], string>>;
  /** More settings of a tool `ask/NAME`. */
  readonly ask?: Partial<Record<(typeof AGENTS)[number], string>>;
}

export interface Told extends DecisionEvent {
  readonly about: string;
}

export interface DelegationBed {
  readonly world: AgentWorld;
  readonly host: Host;
  /** What the operator was told was denied. */
  readonly told: Told[];
  readonly faults: string[];
  readonly run: (agent: string, script: Script, options?: Partial<RunOptions>) => Promise<RunResult>;
  /** Runs steps and returns what the guest saw of each; fails where the run does. */
  readonly see: (agent: string, steps: readonly Step[]) => Promise<Seen[]>;
  /** The records of the runs, by agent, in order. */
  readonly records: () => AuditRecord[][];
}

export type AuditRecord = Record<string, unknown> & {
  readonly run: string;
  readonly type: string;
  readonly principal?: { readonly agent: string; readonly callers?: readonly string[] };
  readonly decision?: Record<string, unknown>;
  readonly outcome?: { readonly code?: string; readonly detail?: Record<string, unknown> };
  readonly detail?: Record<string, unknown>;
};

/** The row that lets an agent read a file of the workspace. */
export const mayRead = (agent: string, path = '/workspace/open.txt'): string =>
  `p, agent:${agent}, fs:read, ${path}, -, allow, -`;

/** The row that lets an agent ask another. */
export const mayAsk = (agent: string, callee: string): string =>
  `p, agent:${agent}, tool:call, tool:ask/${callee}, -, allow, -`;

/** A step that calls an agent, which takes steps in turn. */
export const ask = (agent: string, ...steps: Step[]): Step => [
  'call',
  `ask/${agent}`,
  { input: JSON.stringify({ steps }) },
];

/** What an agent answered that was asked by `ask`. */
export function answerOf(seen: Seen | undefined): Seen[] {
  const output = seen?.ok as { exitCode: number; stdout: string; stderr: string } | undefined; // the WIT record
  if (output?.exitCode !== 0) throw new Error(`no answer: ${JSON.stringify(seen)}`);
  return JSON.parse(output.stdout) as Seen[]; // what the guest makes of its steps
}

/** Agents that do what they are told and may call each other, as far as `rows` go. */
export async function makeDelegationBed(options: BedOptions = {}): Promise<DelegationBed> {
  const world = makeAgentWorld({
    rows: options.rows ?? [],
    configuration: [
      'version: 1',
      'purposes: [work, play]',
      'agents:',
      ...AGENTS.map((name) => `  ${name}: { component: agent.wasm${options.agents?.[name] ?? ''} }`),
      'mounts: { /workspace: { directory: workspace, access: rw } }',
      'tools:',
      ...AGENTS.map(
        (name) =>
          `  ask/${name}: { kind: component, description: Asks ${name}., agent: ${name}${options.ask?.[name] ?? ''} }`,
      ),
      ...(options.tools ?? []).map((line) => `  ${line}`),
      ...(options.sections ?? []),
      '',
    ].join('\n'),
  });
  world.write('agent.wasm', readFileSync(await inlineGuest(GUEST)));
  world.write('workspace/open.txt', 'open');
  world.write('workspace/secret.txt', 'secret');
  const { functions } = options;
  const host = await openHost({
    configuration: join(world.directory, 'sallyport.yaml'),
    workingDirectory: world.directory,
    ...(functions === undefined ? {} : { functions }),
  });
  const told: Told[] = [];
  const faults: string[] = [];
  const run: DelegationBed['run'] = (agent, script, more = {}) =>
    host.run({
      agent,
      input: JSON.stringify(script),
      onDecision: (event, about) => told.push({ ...event, about }),
      onFault: (text) => faults.push(text),
      ...more,
    });
  return {
    world,
    host,
    told,
    faults,
    run,
    see: async (agent, steps) => {
      const result = await run(agent, { steps });
      if (result.output === undefined)
        throw new Error(`the run ended with ${JSON.stringify(result)}: ${faults.join()}`);
      return JSON.parse(result.output) as Seen[]; // what the guest makes of its steps
    },
    records: () =>
      world.records().map((file) =>
        readFileSync(file, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as AuditRecord),
      ),
  };
}
