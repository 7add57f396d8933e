import { afterEach, describe, expect, it } from 'vitest';
import type { LoadResult } from '../../src/cli/load-test.ts';
import { verifyAudit } from '../../host/index.ts';
import { publishedSchema } from '../schemas/schema-fixture.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { greetingWorld, onlyJson, READ } from './greeting-world.ts';

const violations = publishedSchema('load-result');
let world: AgentWorld;
afterEach(() => world.remove());

/** Does what its input says. */
const GUEST = `
import { read } from 'sallyport:agent/fs@0.1.0';
export function run(input) {
  if (input === 'spin') for (;;);
  if (input === 'trap') throw new Error('no');
  return String(read('/workspace/greeting.txt', undefined).length);
}
`;

async function load(
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ code: number | null; result: LoadResult }> {
  const options = { cwd: world.directory, ...(signal === undefined ? {} : { signal }) };
  const { code, stdout } = await command(['run', await inlineGuest(GUEST), ...args, '--json'], options);
  const value = onlyJson(stdout) as LoadResult;
  expect(violations(value)).toEqual([]);
  return { code, result: value };
}

function closedRecords(): number {
  for (const record of world.records()) {
    const location = { directory: '.sallyport/audit', workingDirectory: world.directory };
    expect(verifyAudit(location, record).verification.ok).toBe(true);
  }
  return world.records().length;
}

describe('run --count', () => {
  it('runs so often, each time under a record of its own, with cells that were opened ahead', async () => {
    world = greetingWorld({ rows: [READ] });
    const { code, result } = await load(['--count', '7', '--parallel', '3']);
    expect(code).toBe(0);
    expect(result).toMatchObject({ count: 7, parallel: 3, ended: 7, interrupted: false, errors: {}, warmCells: 3 });
    expect(result.statuses.ok).toBe(7);
    expect(result.decisions).toEqual({ allow: 7, deny: 0, pending: 0 });
    const { p50, p99, max } = result.wallMs!;
    expect(p50 <= p99 && p99 <= max).toBe(true);
    expect(result.runsPerSecond).toBeGreaterThan(0);
    expect(closedRecords()).toBe(7);
  });

  it('opens cells ahead for guests that live in processes as well', async () => {
    world = greetingWorld({ rows: [READ] });
    const { code, result } = await load(['--count', '2', '--parallel', '2', '--cell', 'process']);
    expect([code, result.statuses.ok, result.warmCells]).toEqual([0, 2, 2]);
  });

  it('prints a summary for people on standard output, and no progress where there is no terminal', async () => {
    world = greetingWorld({ rows: [READ] });
    const { code, stdout, stderr } = await command(['run', await inlineGuest(GUEST), '--count', '2'], {
      cwd: world.directory,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^2 of 2 runs: 2 ok\ndecisions: 2 allowed, 0 denied\nwall: p50 .* ms, p99 .* ms, max .* ms\n.* runs per second, 1 in parallel, 1 cells opened ahead\n$/,
    );
  });

  it('ends with the exit code of the worst run, and counts the failures by their code', async () => {
    world = greetingWorld({ rows: [READ], more: 'limits: { cpu: 200ms }\n' });
    const trapped = await load(['--count', '2', '--input', 'trap']);
    expect([trapped.code, trapped.result.statuses['agent-error']]).toEqual([1, 2]);
    const limited = await load(['--count', '2', '--parallel', '2', '--input', 'spin']);
    expect([limited.code, limited.result.statuses.limit]).toEqual([4, 2]);
    expect(limited.result.errors).toEqual({ 'limit:cpuMs': 2 });
    expect(closedRecords()).toBe(4);
  });

  it('ends what is under way when it is interrupted, and prints what there is', async () => {
    world = greetingWorld({ rows: [READ] });
    const interrupted = new AbortController();
    const running = load(['--count', '50', '--parallel', '2', '--input', 'spin'], interrupted.signal);
    const underWay = setInterval(() => {
      try {
        if (world.records().length >= 2) interrupted.abort('SIGINT');
      } catch {
        // there is no record yet
      }
    }, 50);
    const { code, result } = await running;
    clearInterval(underWay);
    expect(code).toBe(1);
    expect(result).toMatchObject({ ended: 2, interrupted: true });
    // A run that is still starting has no guest that could be told.
    expect(Object.keys(result.errors).filter((key) => !/^(?:ERR_)?cancelled$/i.test(key))).toEqual([]);
    expect(closedRecords()).toBe(2);
  });

  it.each([[['--count', '0']], [['--count', 'many']], [['--count', '2', '--parallel', '1.5']], [['--count', '-1']]])(
    'ends with 64 for %j',
    async (args) => {
      world = greetingWorld();
      const { code, stderr } = await command(['run', ...args], { cwd: world.directory });
      expect(code).toBe(64);
      expect(stderr).toContain('whole numbers');
    },
  );
});
