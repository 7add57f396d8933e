import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { PolicyEvent } from '../../host/index.ts';
import { openHost, type Host, type RunOptions } from '../../host/host.ts';
import type { RunResult } from '../../host/contracts/run-result.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** Reads until it is denied, and never gives its thread back: `fs.read` answers at once. */
const GUEST = `
import * as fs from 'sallyport:agent/fs@0.1.0';
import * as tools from 'sallyport:agent/tool-exec@0.1.0';
import * as policy from 'sallyport:agent/policy@0.1.0';
const bytes = (text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0));
const endings = {
  read: (path) => fs.read(path, undefined),
  list: () => { if (tools.list().length > 0) throw { payload: { val: { reason: 'listed' } } }; },
  check: (path) => {
    const [verdict] = policy.check([{ action: 'fs:read', resource: path, arguments: '{}' }]);
    if (verdict !== 'allow') throw { payload: { val: { reason: verdict } } };
  },
  ask: (agent, ...script) => {
    const { stdout } = tools.call('ask/' + agent, JSON.stringify({ input: JSON.stringify(script) }));
    throw { payload: { val: { reason: 'asked ' + JSON.parse(stdout).reason } } };
  },
};
export function run(input) {
  const [name, ...args] = JSON.parse(input);
  for (let count = 0, spun = 0; ; count += 1) {
    for (let turn = 0; turn < 20000; turn += 1) spun += turn;
    try {
      endings[name](...args);
    } catch (error) {
      if (error?.payload === undefined) throw String(error);
      return JSON.stringify({ count, reason: error.payload.val?.reason ?? error.payload.tag });
    }
  }
}
`;

export const READ = '/workspace/open.txt';
export const mayRead = (who: string): string => `p, ${who}, fs:read, /workspace/*, -, allow, -`;
/** Something that the tests do not touch, so that a policy differs. */
export const other = (turn: number): string => `p, agent:nobody, fs:read, /workspace/${turn}, -, allow, -`;

export interface LiveBed {
  readonly world: AgentWorld;
  readonly host: Host;
  readonly events: PolicyEvent[];
  /** Puts rows in the place of the policy at once, as an editor does that renames. */
  readonly write: (...rows: string[]) => void;
  readonly run: (script: readonly string[], options?: Partial<RunOptions>) => Promise<RunResult>;
  /** Waits until the newest record has so many effects. */
  readonly began: (effects?: number) => Promise<void>;
  /** The decisions in the records: action, effect, generation. */
  readonly decisions: () => Decided[];
  readonly policyFile: string;
}

export interface Decided {
  readonly run: string;
  readonly agent: string;
  readonly type: string;
  readonly generation: number;
  readonly digest: string;
}

interface Line {
  readonly run: string;
  readonly type: string;
  readonly principal?: { readonly agent: string };
  readonly policy?: { readonly generation: number; readonly digest: string };
}

export interface LiveBedOptions {
  readonly rows: readonly string[];
  readonly watch?: boolean;
  /** More lines of the configuration. */
  readonly configuration?: readonly string[];
  readonly cell?: string;
  /** How long a run may take. */
  readonly wall?: string;
}

/** Agents `alpha` and `beta` that do one thing until they are denied, under a policy that is followed. */
export async function makeLiveBed({
  rows,
  watch = true,
  configuration = [],
  cell = 'thread',
  wall = '50s',
}: LiveBedOptions): Promise<LiveBed> {
  const component = readFileSync(await inlineGuest(GUEST));
  const digest = `sha256:${createHash('sha256').update(component).digest('hex')}`;
  const world = makeAgentWorld({
    rows,
    configuration: [
      'version: 1',
      'purposes: [work]',
      `limits: { hostCalls: 100000000, wall: ${wall}, cpu: ${wall}, fuel: 1000000000000 }`,
      'agents:',
      ...['alpha', 'beta'].map((name) => `  ${name}: { component: agent.wasm, digest: '${digest}', cell: ${cell} }`),
      'mounts: { /workspace: { directory: workspace } }',
      'tools:',
      ...['alpha', 'beta'].map(
        (name) => `  ask/${name}: { kind: component, description: Asks ${name}., agent: ${name}, timeout: 50s }`,
      ),
      ...configuration,
      '',
    ].join('\n'),
  });
  world.write('agent.wasm', component);
  world.write('workspace/open.txt', 'open');
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory, watch });
  onTestFinished(async () => {
    await host.close();
    world.remove();
  });
  const events: PolicyEvent[] = [];
  host.onPolicy((event) => events.push(event));
  const policyFile = join(world.directory, 'policy', 'policy.csv');
  const linesOf = (file: string): Line[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  return {
    world,
    host,
    events,
    policyFile,
    write(...next: string[]): void {
      const temporary = join(world.directory, 'policy', '.policy.csv.swp');
      writeFileSync(temporary, `${next.join('\n')}\n`);
      renameSync(temporary, policyFile);
    },
    run: (script, options = {}) => host.run({ agent: 'alpha', input: JSON.stringify(script), ...options }),
    began: (effects = 5) =>
      expect
        .poll(() => linesOf(world.records().at(-1) ?? '').filter(({ type }) => type === 'effect.intended').length, {
          timeout: 30_000,
          interval: 5,
        })
        .toBeGreaterThanOrEqual(effects),
    decisions: () =>
      world
        .records()
        .flatMap((file) =>
          linesOf(file).flatMap(({ run, type, principal, policy }) =>
            /^effect\.(?:intended|denied)$/.test(type) && policy !== undefined
              ? [{ run, agent: principal?.agent ?? '', type, ...policy }]
              : [],
          ),
        ),
  };
}

/** The generations of decisions, each once, in the order in which they came. */
export const generationsOf = (decided: readonly Decided[]): number[] =>
  decided.map(({ generation }) => generation).filter((one, index, all) => one !== all[index - 1]);
