import { afterEach, describe, expect, it } from 'vitest';
import { verifyAudit, type CellKind, type RunResult } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { celledAgent, celledLimits } from '../support/celled-agent.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const GUEST = `
import { write } from 'sallyport:agent/fs@0.1.0';
const ways = {
  'returns an error': () => { throw 'the ledger does not balance'; },
  'throws': () => { throw new Error('boom'); },
  'spins': () => { for (;;); },
  'allocates without end': () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); },
  'calls a gate with 100 MB': () => write('/w/a', new Uint8Array(100 * (1 << 20))),
  'recurses without end': () => { const f = (n) => f(n + 1) + 1; return String(f(0)); },
};
export function run(input) { return String(ways[input]()); }
`;

let world: AgentWorld;
afterEach(() => world.remove());

interface EndOf {
  readonly way: string;
  readonly limits: string;
  readonly cell: CellKind;
}

async function end({ way, limits, cell }: EndOf): Promise<{ code: number | null; result: RunResult }> {
  const component = await inlineGuest(GUEST);
  const configuration = `version: 1\nlimits: ${celledLimits(cell, limits)}\nagents: { tester: ${celledAgent(cell, component)} }\nmounts: {}\n`;
  world = makeAgentWorld({ configuration, rows: ['p, role:any, fs:write, /w/**, -, allow, -'] });
  const { code, stdout } = await command(['run', component, '--input', way, '--json'], { cwd: world.directory });
  const result = JSON.parse(stdout) as RunResult;
  const location = { directory: world.directory, workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  return { code, result };
}

const ENDS = [
  {
    way: 'returns an error',
    limits: '',
    code: 1,
    status: 'agent-error',
    error: { code: 'agent-error', message: 'the ledger does not balance' },
  },
  { way: 'throws', limits: '', code: 1, status: 'agent-error', error: { message: 'boom' } },
  { way: 'spins', limits: 'cpu: 300ms', code: 4, status: 'limit', error: { code: 'limit', limit: 'cpuMs' } },
  { way: 'spins', limits: 'wall: 1s, cpu: 60s', code: 4, status: 'limit', error: { code: 'limit', limit: 'wallMs' } },
  // The engine tells the agent, which may handle it; this one hands it on as its own error.
  {
    way: 'allocates without end',
    limits: 'memory: 32MiB',
    code: 4,
    status: 'limit',
    error: { code: 'limit', limit: 'memoryBytes' },
  },
  {
    way: 'calls a gate with 100 MB',
    limits: 'memory: 512MiB',
    code: 4,
    status: 'limit',
    error: { limit: 'callBytes' },
  },
  { way: 'recurses without end', limits: '', code: 4, status: 'limit', error: { code: 'limit', limit: 'stackBytes' } },
] as const;

const CASES = CELLS.flatMap((cell) => ENDS.map((row) => ({ ...row, cell })));

describe.for(CASES)('in a cell of kind `$cell`, an agent that $way ($limits)', ({ code, status, error, ...of }) => {
  it('ends with the right exit code, a reason, and a whole record', async () => {
    const ended = await end(of);
    expect(ended.result).toMatchObject({ status, cell: of.cell, error });
    expect(ended.code).toBe(code);
    expect(world.lastRecords().at(-1)).toMatchObject({ type: 'run.closed', detail: { status } });
    if (status === 'limit') expect(world.lastRecords().map(({ type }) => type)).toContain('limit.hit');
  });
});
