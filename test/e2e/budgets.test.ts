import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { runCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';

let world: AgentWorld;
let server: Server | undefined;
afterEach(async () => {
  world.remove();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** Reads a file as often as it is told, and says what came of each call. */
const READER = `
import { read } from 'sallyport:agent/fs@0.1.0';
export function run(input) {
  const seen = [];
  for (let left = Number(input); left > 0; left -= 1) {
    try { seen.push({ ok: read('/workspace/greeting.txt', undefined).length }); }
    catch (error) {
      const { tag, val } = error.payload ?? error;
      seen.push({ tag, reason: val?.reason, retryAfterMs: val?.retryAfterMs == null ? undefined : Number(val.retryAfterMs) });
    }
  }
  return JSON.stringify(seen);
}
`;

/** Reads a body to its end, and says how many bytes came. */
const DOWNLOADER = `
import { open } from 'sallyport:agent/http@0.1.0';
export function run(url) {
  let bytes = 0;
  try {
    const { body } = open({ method: 'get', url, headers: [], body: undefined, maxRedirects: undefined });
    for (;;) {
      const piece = body.read(65536);
      if (piece === undefined || piece.length === 0) return JSON.stringify({ bytes });
      bytes += piece.length;
    }
  } catch (error) {
    const { tag, val } = error.payload ?? error;
    return JSON.stringify({ bytes, tag, reason: val?.reason });
  }
}
`;

interface Seen {
  readonly ok?: number;
  readonly tag?: string;
  readonly reason?: string;
  readonly retryAfterMs?: number;
}

const MOUNT =
  'version: 1\nagents: { tester: { component: agent.wasm } }\nmounts: { /workspace: { directory: workspace } }\nalerts: [soc]\n';

function readingWorld(then: string, more = ''): void {
  world = makeAgentWorld({
    configuration: MOUNT + more,
    rows: [`p, agent:tester, fs:read, /workspace/greeting.txt, -, allow, ${then}`],
  });
  world.write('workspace/greeting.txt', 'Good morning\n');
}

async function reading(times: number): Promise<{ seen: readonly Seen[]; stderr: string }> {
  const { stdout, stderr } = await runCommand(['run', await inlineGuest(READER), '--input', String(times), '--json'], {
    cwd: world.directory,
  });
  const { output } = JSON.parse(stdout) as { output: string };
  return { seen: JSON.parse(output) as Seen[], stderr };
}

describe('a budget of calls', () => {
  it.each(['thread', 'process'])('allows three in a %s cell, and then says when to come back', async (cell) => {
    readingWorld('rate=3/m', `cell: ${cell}\n`);
    const { seen, stderr } = await reading(5);
    expect(seen.slice(0, 3)).toEqual([{ ok: 13 }, { ok: 13 }, { ok: 13 }]);
    for (const denied of seen.slice(3)) {
      expect(denied).toMatchObject({ tag: 'denied', reason: 'budget-exhausted' });
      expect(denied.retryAfterMs).toBeGreaterThan(30_000);
      expect(denied.retryAfterMs).toBeLessThanOrEqual(60_000);
    }
    expect(stderr).toMatch(/denied fs:read \/workspace\/greeting\.txt \(budget-exhausted, retry after \d+ ms, /);
    expect(stderr).toMatch(
      /the budget `rate` of the rule p-[0-9a-f]+, counted for each agent, is used up; there is room in \d+ s/,
    );
    const records = world.lastRecords();
    expect(records.find(({ type }) => type === 'effect.denied')).toMatchObject({
      decision: { effect: 'deny', reason: 'budget-exhausted' },
      detail: { budget: { kind: 'rate', limit: 3 }, retryAfterMs: expect.any(Number) as number },
    });
    expect(records.find(({ type }) => type === 'effect.settled')).toMatchObject({
      outcome: { discharged: { budgets: [{ kind: 'rate', taken: 1 }] } },
    });
  });

  it('is remembered by the next run', async () => {
    readingWorld('rate=3/d');
    expect((await reading(2)).seen).toEqual([{ ok: 13 }, { ok: 13 }]);
    const { seen } = await reading(2);
    expect(seen.map(({ ok }) => ok)).toEqual([13, undefined]);
  });

  it('that counts for a person gives nothing to a run on behalf of nobody', async () => {
    readingWorld('rate=3/m@user');
    const { seen, stderr } = await reading(1);
    expect(seen).toEqual([{ tag: 'denied', reason: 'budget-exhausted' }]);
    expect(stderr).toContain('the run is on behalf of nobody');
  });

  it('gives nothing where its counters cannot be kept', async () => {
    readingWorld('rate=3/m');
    world.write(
      '.sallyport/state/budgets.sqlite',
      'this is no database, and long enough to be told from one that is empty'.repeat(20),
    );
    const { seen, stderr } = await reading(1);
    expect(seen).toEqual([{ tag: 'denied', reason: 'budget-exhausted' }]);
    expect(stderr).toContain('sallyport: fault: ');
  });
});

describe('a place of `concurrency`', () => {
  it('is free again when its call is over', async () => {
    readingWorld('concurrency=1');
    expect((await reading(3)).seen).toEqual([{ ok: 13 }, { ok: 13 }, { ok: 13 }]);
  });
});

describe('a budget of bytes', () => {
  it('counts what is read, and stops before it is exceeded', async () => {
    readingWorld('bytes=30B/m');
    const { seen } = await reading(4);
    expect(seen.map(({ ok }) => ok)).toEqual([13, 13, undefined, undefined]);
  });

  it('bounds a single call', async () => {
    readingWorld('bytes=12B');
    const { seen } = await reading(1);
    expect(seen).toEqual([{ tag: 'denied', reason: 'budget-exhausted' }]);
  });

  it('stops a download in time', async () => {
    const total = 8 * 1024 * 1024;
    server = createServer((_, response) => response.end(Buffer.alloc(total)));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/file`;
    world = makeAgentWorld({ rows: [`p, agent:tester, http:GET, ${url}, -, allow, bytes=1MB/h`] });
    const { stdout, stderr } = await runCommand(['run', await inlineGuest(DOWNLOADER), '--input', url, '--json'], {
      cwd: world.directory,
    });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'ok' });
    const seen = JSON.parse((JSON.parse(stdout) as { output: string }).output) as { bytes: number; tag: string };
    expect(seen.tag).toBeDefined();
    expect(seen.bytes).toBeLessThanOrEqual(1_000_000);
    expect(stderr).toContain('budget-exhausted');
    expect(world.lastRecords().find(({ type }) => type === 'effect.settled')).toMatchObject({
      outcome: { status: 'error', code: 'budget-exhausted' },
    });
  });
});

describe('an alert', () => {
  it('tells the operator of what was allowed', async () => {
    readingWorld('alert=soc');
    expect((await reading(1)).stderr).toMatch(/alert `soc`: tester: fs:read \/workspace\/greeting\.txt \(allow, /);
  });

  it('and of what a deny row denied, and stands in its record', async () => {
    world = makeAgentWorld({
      configuration: MOUNT,
      rows: ['p, agent:tester, fs:read, /workspace/greeting.txt, -, deny, alert=soc'],
    });
    world.write('workspace/greeting.txt', 'Good morning\n');
    expect((await reading(1)).stderr).toMatch(/alert `soc`: tester: fs:read \/workspace\/greeting\.txt \(deny, /);
    expect(world.lastRecords().find(({ type }) => type === 'effect.denied')).toMatchObject({
      decision: { obligations: { alert: ['soc'] } },
    });
  });
});
