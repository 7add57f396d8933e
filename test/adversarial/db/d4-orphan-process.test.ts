import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ENGINE = fileURLToPath(new URL('../../../host/powers/sqlite-engine.ts', import.meta.url));
/** A host that starts an endless query, tells the process that runs it, and never ends. */
const HOST = `
  import { createSqliteEngine } from ${JSON.stringify(ENGINE)};
  import { writeSync } from 'node:fs';
  import { DatabaseSync } from 'node:sqlite';
  const path = process.argv[1];
  new DatabaseSync(path).exec('create table t(a)');
  const ledger = { started: (pid) => writeSync(1, pid + '\\n'), ended() {} };
  const target = { kind: 'sqlite', path, writable: true, recursive: true, maxBytes: 1000, maxFileBytes: 1 << 20 };
  const session = createSqliteEngine(ledger).open(target);
  const sql = process.argv[2] === 'busy' ? 'with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r' : 'select 1';
  const { statement } = session.guest.prepare(sql);
  const call = { mode: 'query', parameters: [], maxRows: 1, maxBytes: 1000, timeoutMs: 600000 };
  writeSync(1, 'running');
  session.guest.run(statement, call);
  setInterval(() => {}, 1000);
`;

/** Read from `/proc`, so only on Linux: running, and not merely waiting for somebody to ask how it ended: not every first process of a container does. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

it.skipIf(process.platform !== 'linux').each(['idle', 'busy'])(
  'D4 endless statement: a database process that is %s ends when its host is killed',
  async (state) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-db-'));
    const host = spawn(process.execPath, ['--input-type=module', '--eval', HOST, join(folder, 'main.db'), state]);
    let output = '';
    host.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await expect.poll(() => output, { timeout: 10_000 }).toContain('running');
    const pid = Number.parseInt(output, 10);
    expect(runs(pid)).toBe(true);
    host.kill('SIGKILL');
    await once(host, 'exit');
    await expect.poll(() => runs(pid), { timeout: 5_000 }).toBe(false);
    rmSync(folder, { recursive: true, force: true });
  },
);
