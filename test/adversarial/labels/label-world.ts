import type { RunResult } from '../../../host/index.ts';
import { httpServer } from '../../gates/http/loopback.ts';
import type { CellUnderTest } from '../../sandbox/support/cell.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';
import { celledAgent, celledLimits } from '../../support/celled-agent.ts';
import { command } from '../../support/command.ts';

/** What nobody may tell a server: everything that the guests of these tests read of it holds this. */
export const CONFIDENTIAL = 'what-only-few-may-know';

/** A world with a confidential file, a place that agents share, and a server outside. */
export interface LabelWorld {
  readonly world: AgentWorld;
  /** What the server was sent. */
  readonly told: () => readonly string[];
  readonly origin: string;
  /** Each run has a host of its own, as after a restart. */
  readonly run: (input: unknown, ...more: readonly string[]) => Promise<RunResult>;
}

export interface LabelWorldOptions {
  readonly cell: CellUnderTest;
  /** Path of a component, or of a core module. */
  readonly component: string;
  readonly rows?: readonly string[];
  readonly sections?: readonly string[];
}

/** Everybody may do everything to files, and tell the server what is no more than internal. */
export async function makeLabelWorld(options: LabelWorldOptions): Promise<LabelWorld> {
  const { cell, component, rows = [], sections = [] } = options;
  const server = await httpServer();
  const world = makeAgentWorld({
    configuration: [
      'version: 1',
      `limits: ${celledLimits(cell, 'wall: 60s, cpu: 60s')}`,
      `agents: { tester: ${celledAgent(cell, component)}, helper: ${celledAgent(cell, component)} }`,
      'mounts: { /work: { directory: shared, access: rw, symlinks: inside } }',
      'classification: [{ resource: /work/secret.txt, label: confidential }, { resource: /work/hr/**, label: confidential }]',
      ...sections,
      '',
    ].join('\n'),
    rows: [
      'p, role:any, fs:*, /work, -, allow, -',
      'p, role:any, fs:*, /work/**, -, allow, -',
      'p, role:any, fs:write, /work/out/**, label>=confidential, deny, -',
      `p, role:any, http:*, ${server.origin}/**, label<=internal, allow, -`,
      ...rows,
    ],
  });
  world.write('shared/secret.txt', CONFIDENTIAL);
  world.write('shared/open.txt', 'what everybody may know');
  world.write('shared/hr/staff.txt', CONFIDENTIAL);
  world.write('shared/out/.keep', '');
  return {
    world,
    origin: server.origin,
    told: () => server.requests.map(({ body, target }) => `${target} ${body}`),
    async run(input, ...more) {
      const args = more.length > 0 ? ['--json', '--', ...more] : ['--json', '--input', JSON.stringify(input)];
      const { stdout, stderr } = await command(['run', component, '--agent', 'tester', ...args], {
        cwd: world.directory,
      });
      if (stdout === '' || stderr.includes('ERR_CONFIG')) throw new Error(stderr);
      return JSON.parse(stdout) as RunResult;
    },
  };
}
