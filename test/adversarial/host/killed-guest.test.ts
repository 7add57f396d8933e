import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, expect, describe, it } from 'vitest';
import { EXIT_OF_STATUS, type RunResult } from '../../../host/index.ts';
import type { AgentWorld } from '../../support/agent-world.ts';
import { databaseContents, makeBed, makeWorld, processesWith, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const PROCESS = ', cell: process, limits: { wall: 60s }';

/** Whether this process, or one that it started, started that one. */
function isOurs(pid: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === process.pid) return true;
    try {
      at = Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${at}/stat`, 'utf8'))?.[1] ?? 0);
    } catch {
      return false; // it is gone
    }
  }
  return false;
}

/** Kills the process of the guest once its effect is under way. Resolves to the run's result, and how long it took from there. */
async function killedIn(
  rows: readonly string[],
  calls: readonly Call[],
  underWay: () => boolean,
): Promise<{ result: RunResult; ms: number }> {
  world = makeWorld({ rows, agent: PROCESS });
  const { run, host } = await makeBed(world);
  const running = run({ calls });
  await expect.poll(underWay, { timeout: 30_000 }).toBe(true);
  const mine = processesWith('cell-process-child').filter(isOurs);
  const killed = performance.now();
  for (const pid of mine) process.kill(pid, 'SIGKILL');
  const result = await running;
  await host.close();
  return { result, ms: performance.now() - killed };
}

interface Line {
  readonly type: string;
  readonly seq: number;
  readonly intent?: number;
  readonly action?: string;
  readonly outcome?: { readonly status: string };
}

/** One clear line, the exit code of an agent that failed, and a whole record that says what is not known. */
function expectTold({ result, ms }: { result: RunResult; ms: number }, action: string): void {
  expect(result).toMatchObject({ status: 'agent-error', cell: 'process', error: { code: 'trap' } });
  expect(result.error?.message).toMatch(
    /^the process of the (?:agent|guest) (?:ended \(SIGKILL\)|closed its channel)$/,
  );
  expect(EXIT_OF_STATUS[result.status]).toBe(1);
  expect(ms, 'long before anything else ends the effect').toBeLessThan(10_000);
  const records = readFileSync(world.records().at(-1) ?? '', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const intended = records.filter((record) => record.type === 'effect.intended');
  const outcomes = intended.map(({ seq }) => records.filter(({ intent }) => intent === seq));
  expect(outcomes.every((found) => found.length === 1)).toBe(true);
  const last = intended.findLast((record) => record.action === action);
  const [outcome] = outcomes[intended.indexOf(last!)] ?? [];
  // What was given up before it was done has failed, or nobody knows how far it came.
  expect([outcome?.type, outcome?.outcome?.status]).toEqual(
    outcome?.type === 'effect.unknown' ? ['effect.unknown', undefined] : ['effect.settled', 'error'],
  );
  expect(records.at(-1)?.type).toBe('run.closed');
  expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
}

describe.skipIf(process.platform !== 'linux')('a guest whose process is killed in the middle', () => {
  it('of a request ends its run, and the request', async () => {
    let [asked, closed] = [0, 0];
    const server = createServer((_, response) => {
      asked += 1;
      response.on('close', () => (closed += 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number }; // it listens on TCP
    const request = { method: 'get', url: `http://127.0.0.1:${port}/x`, headers: [], body: null, maxRedirects: null };
    const rows = [`p, agent:tester, http:GET, http://127.0.0.1:${port}/**, -, allow, -`];
    const end = await killedIn(rows, [['http.fetch', request]], () => asked === 1);
    expectTold(end, 'http:GET');
    await expect.poll(() => closed).toBe(1);
    server.close();
  }, 60_000);

  it('of a statement ends its run, the statement and its transaction', async () => {
    const rows = ['p, agent:tester, db:*, db:main/*, -, allow, -'];
    const long = `select count(*) from closed a${Array.from({ length: 40 }, (_, at) => `, closed b${at}`).join('')}`;
    const calls: readonly Call[] = [
      ['db.begin', 'main'],
      ['handle.execute', 'delete from open where id = 1', []],
      ['handle.query', long, []],
    ];
    const queries = (): boolean => {
      try {
        return world.lastRecords().filter(({ type }) => type === 'effect.intended').length >= 2;
      } catch {
        return false; // there is no record yet
      }
    };
    const end = await killedIn(rows, calls, queries);
    expectTold(end, 'db:select');
    expect(processesWith(world.directory)).toEqual([]);
    expect(databaseContents(join(world.directory, 'main.sqlite'))).toContain('"a"');
  }, 60_000);
});
