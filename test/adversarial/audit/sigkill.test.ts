import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeRunLog, readRunLogState } from '../../../host/audit/run-log-closing.ts';
import { readRunRecords } from '../../../host/audit/run-record.ts';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import { createAuditFiles } from '../../../host/powers/audit-file.ts';
import { createClock } from '../../../host/powers/clock.ts';
import { ENDING, scratch } from '../../audit/run-fixture.ts';

const KILLS = 30;
const script = fileURLToPath(new URL('effect-script.ts', import.meta.url));
const powers = { files: createAuditFiles(), clock: createClock() };
const counted: string[] = [];
const server = createServer((request, response) => {
  counted.push((request.url ?? '').slice(1));
  response.end();
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Starts the script and kills it some time after its first effect. */
async function killed(directory: string, run: string, afterMs: number): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, [script, directory, run, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const over = new Promise<string | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  while (!existsSync(join(directory, `${run}.effects`))) await new Promise((resolve) => setTimeout(resolve, 2));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  expect(await over).toBe('SIGKILL');
}

describe('a host that is killed', () => {
  it(`at ${KILLS} random points leaves no effect without its intent`, { timeout: 120_000 }, async () => {
    using folder = scratch();
    let effects = 0;
    for (let round = 0; round < KILLS; round += 1) {
      counted.length = 0;
      const run = `run-${round}`;
      await killed(folder.directory, run, Math.random() * 40);
      const path = join(folder.directory, `${run}.jsonl`);
      const written = readFileSync(join(folder.directory, `${run}.effects`), 'utf8')
        .split('\n')
        .slice(0, -1);
      const intended = new Set([...readRunRecords(readFileSync(path, 'utf8'))].map(({ record }) => record?.resource));
      expect([...written, ...counted].filter((effect) => !intended.has(effect))).toEqual([]);
      effects += written.length + counted.length;

      const { unknown } = closeRunLog(readRunLogState(path, powers), { ...ENDING, status: 'host-fault' }, powers);
      expect(unknown.length).toBeLessThanOrEqual(1);
      expect(verifyRunFile(readFileSync(path))).toMatchObject({ ok: true });
    }
    expect(effects).toBeGreaterThan(KILLS);
  });
});
