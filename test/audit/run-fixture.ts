import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditFiles } from '../../host/audit/audit-files.ts';
import { closeRunLog, type RunEnding } from '../../host/audit/run-log-closing.ts';
import { openRunLog, type RunLogWriter, type RunLogOptions } from '../../host/audit/run-log.ts';
import type { AuditEntry } from '../../host/contracts/audit-record.ts';
import type { Clock } from '../../host/contracts/powers.ts';
import { createAuditFiles } from '../../host/powers/audit-file.ts';

export const PRINCIPAL = {
  agent: 'agent:triage',
  roles: ['role:any', 'role:triage'],
  onBehalfOf: 'user:ada',
  component: `sha256:${'a'.repeat(64)}`,
} as const;
export const POLICY = { digest: `sha256:${'b'.repeat(64)}`, generation: 1 } as const;
export const RUN = 'run-01jzy3n7v8x9c0d1e2f3g4h5j6';

export const OPENED: AuditEntry = { type: 'run.opened', principal: PRINCIPAL, policy: POLICY, purpose: 'triage' };
export const intended = (number = 1, more: Partial<AuditEntry> = {}): AuditEntry => ({
  type: 'effect.intended',
  principal: PRINCIPAL,
  purpose: 'triage',
  request: { digest: 'c'.repeat(64), method: 'GET', bodyBytes: 0 },
  action: 'http:GET',
  resource: `https://api.example.com/issues/${number}`,
  decision: { effect: 'allow', id: `d-${number}`, rules: ['r-1'] },
  policy: POLICY,
  ...more,
});
export const settled = (intent: number): AuditEntry => ({
  type: 'effect.settled',
  intent,
  outcome: { status: 'ok', bytesOut: 4096, durationUs: 812 },
});
export const ENDING: RunEnding = {
  status: 'ok',
  usage: { wallMs: 12, cpuMs: 8, peakLinearMemoryBytes: 65536, hostCalls: 2 },
};

/** A clock that moves by a millisecond at every look. */
export function steppingClock(startMs = Date.UTC(2026, 0, 2, 3, 4, 5)): Clock {
  let step = 0;
  return { nowMs: () => startMs + (step += 1), monotonicUs: () => step * 1000 };
}

/** A folder that is gone when the test is over. */
export function scratch(): { directory: string; [Symbol.dispose](): void } {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

export interface Opened {
  readonly writer: RunLogWriter;
  readonly path: string;
  readonly text: () => string;
  readonly lines: () => string[];
  readonly records: () => Record<string, unknown>[];
  readonly close: (ending?: Partial<RunEnding>) => ReturnType<typeof closeRunLog>;
}

/** Opens the log of a run in `directory`. */
export function open(
  directory: string,
  {
    files = createAuditFiles(),
    clock = steppingClock(),
    sync = 'write',
    run = RUN,
  }: Partial<Pick<RunLogOptions, 'files' | 'clock' | 'sync' | 'run'>> = {},
): Opened {
  const writer = openRunLog({ directory, run, log: 'local', clock, files, sync });
  const { path } = writer.state();
  const text = () => readFileSync(path, 'utf8');
  const lines = () => text().split('\n').slice(0, -1);
  return {
    writer,
    path,
    text,
    lines,
    records: () => lines().map((line) => JSON.parse(line) as Record<string, unknown>),
    close(ending = {}) {
      writer.close();
      return closeRunLog(writer.state(), { ...ENDING, ...ending }, { files, clock });
    },
  };
}

/** The lines of a whole run with two effects and a denial, each with its newline. */
export function wholeRun(directory: string): string[] {
  const run = open(directory);
  run.writer.append(OPENED);
  run.writer.append(settled(run.writer.append(intended(1))));
  run.writer.append({
    type: 'effect.denied',
    principal: PRINCIPAL,
    action: 'fs:read',
    resource: '/workspace/.env',
    decision: { effect: 'deny', id: 'd-2', rules: [], reason: 'no-rule' },
    policy: POLICY,
  });
  run.writer.append(settled(run.writer.append(intended(3))));
  run.close();
  return run.lines().map((line) => `${line}\n`);
}

/** The real files, where every append past `room` bytes fails in the middle as on a full disk. */
export function fullDisk(
  room: number,
  real: AuditFiles = createAuditFiles(),
): AuditFiles & { free(bytes: number): void } {
  let left = room;
  const limited = (file: ReturnType<AuditFiles['create']>): typeof file => ({
    ...file,
    append(bytes, length) {
      const fits = Math.min(length, left);
      left -= fits;
      file.append(bytes, fits);
      if (fits < length) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  });
  return {
    ...real,
    create: (path) => limited(real.create(path)),
    open: (path) => limited(real.open(path)),
    remove(path) {
      left += statSync(path).size;
      real.remove(path);
    },
    free: (bytes) => void (left += bytes),
  };
}
