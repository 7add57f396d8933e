import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import { startThreadCell, type CellEnd } from '../../../host/sandbox/thread-cell.ts';
import { GRACE_MS, LIMITS } from '../../sandbox/support/cell.ts';
import type { EndlessCell } from './endless-cell.ts';

const ENTRY = pathToFileURL(join(import.meta.dirname, 'endless-cell.ts'));
const ENDLESS = 'with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r';
/** The cell has no guest, so there is nothing to load. */
const ARTEFACT: Artefact = { directory: '/none', digest: 'sha256:none', imports: {}, modules: [] } as never;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-db-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Waiting {
  readonly end: Promise<CellEnd>;
  /** Resolves with the database process when its statement runs. */
  readonly pid: Promise<number>;
}

/** Starts a cell that waits for a statement without end. */
function startWaiting(wallMs: number, signal?: AbortSignal): Waiting {
  const path = join(folder, 'main.db');
  const marker = join(folder, 'running');
  new DatabaseSync(path).exec('create table if not exists t(a)');
  const target = {
    kind: 'sqlite',
    path,
    writable: true,
    recursive: true,
    maxBytes: 1000,
    maxFileBytes: 1 << 24,
  } as const;
  const cell = startThreadCell({
    entry: ENTRY,
    data: { target, sql: ENDLESS, marker } satisfies EndlessCell,
    artefact: ARTEFACT,
    modules: { compiled: () => Promise.resolve(new Map()) },
    limits: { ...LIMITS, wallMs },
    ...(signal === undefined ? {} : { signal }),
  });
  const running = expect.poll(() => existsSync(marker) && readFileSync(marker, 'utf8') !== '', { timeout: 15_000 });
  return { end: cell.end, pid: running.toBe(true).then(() => Number(readFileSync(marker, 'utf8'))) };
}

/** Whether it still runs, and does not merely wait to be asked how it ended. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** While a statement is under way its cell waits in a system call: nothing in that thread can end it. */
describe.skipIf(process.platform !== 'linux')('D4 endless statement: a cell that waits for one', () => {
  it('is ended at once when the run is cancelled, and its process with it', async () => {
    const abort = new AbortController();
    const { end, pid } = startWaiting(60_000, abort.signal);
    const process = await pid;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(runs(process)).toBe(true);
    const started = performance.now();
    abort.abort();
    expect((await end).guest).toEqual({ kind: 'cancelled' });
    expect(performance.now() - started).toBeLessThan(GRACE_MS);
    await expect.poll(() => runs(process)).toBe(false); // killed: the system may take a moment to end it
  }, 30_000);

  it('ends at the wall limit of the run', async () => {
    const wallMs = 3_000;
    const { end, pid } = startWaiting(wallMs);
    const { guest, usage, killedProcesses } = await end;
    expect(guest).toMatchObject({ kind: 'limit', limit: 'wallMs' });
    expect(usage.wallMs).toBeLessThan(wallMs + GRACE_MS);
    expect(killedProcesses).toBe(1);
    const process = await pid;
    await expect.poll(() => runs(process)).toBe(false);
  }, 30_000);

  it('holds up no other: the supervisor goes on', async () => {
    const abort = new AbortController();
    const { end, pid } = startWaiting(60_000, abort.signal);
    await pid;
    const delays: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const before = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 10));
      delays.push(performance.now() - before);
    }
    delays.sort((one, other) => one - other);
    expect(delays[5]).toBeLessThan(200);
    abort.abort();
    await end;
  }, 30_000);
});
