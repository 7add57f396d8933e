import { spawn, type ChildProcess } from 'node:child_process';
import { constants as osConstants } from 'node:os';
import type { ProcessLedger } from '../contracts/powers.ts';
import type { ProcessRequest, ProcessResult } from '../gates/tool-exec/process-request.ts';
import type { Executables } from './executables.ts';
import type { InheritedDescriptors } from './inherited-descriptors.ts';
import { killGroup } from './process-tree.ts';

/** Starts tools as Node does. */
export interface DirectProcesses {
  run(request: ProcessRequest): Promise<ProcessResult>;
  /** Ends every process that still runs. */
  close(): void;
}

/** How long a process that left its group may keep the output open after the end. */
const LINGER_MS = 250;

/**
 * Tools as children of this very process: where the other way does not work. Slower, and without sandboxes or limits: what
 * asks for one of them is not started.
 */
export function createDirectProcesses(
  ledger: ProcessLedger,
  executables: Executables,
  inherited: () => InheritedDescriptors,
): DirectProcesses {
  const live = new Set<number>();
  return Object.freeze({
    async run(request: ProcessRequest): Promise<ProcessResult> {
      const program = executables.open(request);
      if (program === undefined) return { status: 'changed' };
      const limited = Object.values(request.limits).some((limit) => limit !== undefined);
      if (request.sandbox !== undefined || limited) return { status: 'not-started' };
      const path = program.script && request.sha256 === undefined ? request.file : program.path;
      const child = started(path, request, inherited());
      const pid = child?.pid;
      if (child === undefined || pid === undefined) return { status: 'not-started' };
      live.add(pid);
      ledger.started(pid);
      const result = await finished(child, pid, request);
      live.delete(pid);
      ledger.ended(pid);
      return result;
    },
    close(): void {
      for (const pid of live) killGroup(pid);
    },
  });
}

function started(path: string, request: ProcessRequest, inherited: InheritedDescriptors): ChildProcess | undefined {
  try {
    const child = spawn(path, [...request.argv], {
      argv0: request.name,
      cwd: request.directory,
      env: Object.fromEntries([...request.environment, ...(request.secretEnvironment ?? [])]),
      // A session and process group of its own: no controlling terminal, and one signal ends all of it.
      detached: true,
      shell: false,
      stdio: inherited.covered([request.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']),
    });
    child.on('error', () => undefined); // without a pid it is seen by the caller; with one, the end is still reported
    return child;
  } catch {
    return undefined;
  }
}

/** Waits for the end, ends it at the deadline or at too much output, and leaves nothing of its group behind. */
function finished(child: ChildProcess, pid: number, request: ProcessRequest): Promise<ProcessResult> {
  return new Promise((resolve) => {
    let timedOut = false;
    const deadline = setTimeout(() => {
      timedOut = true;
      killGroup(pid);
    }, request.timeoutMs);
    const flooded = (): void => killGroup(pid);
    const [stdout, stderr] = [captured(child.stdout, request, flooded), captured(child.stderr, request, flooded)];
    child.stdin?.on('error', () => undefined); // a program may end without reading its input
    child.stdin?.end(request.stdin);
    let linger: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      clearTimeout(deadline);
      killGroup(pid);
      linger = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, LINGER_MS);
    });
    child.once('close', (code, signal) => {
      clearTimeout(linger);
      const exitCode = code ?? 128 + (signal === null ? 0 : osConstants.signals[signal]);
      const truncated = stdout.truncated || stderr.truncated;
      const output = { stdout: Buffer.concat(stdout.pieces), stderr: Buffer.concat(stderr.pieces), truncated };
      resolve(timedOut ? { status: 'timed-out' } : { status: 'exited', exitCode, exceeded: undefined, ...output });
    });
  });
}

interface Captured {
  readonly pieces: Buffer[];
  truncated: boolean;
}

function captured(stream: ChildProcess['stdout'], { mostOutputBytes }: ProcessRequest, flooded: () => void): Captured {
  const kept: Captured = { pieces: [], truncated: false };
  let length = 0;
  stream?.on('data', (piece: Buffer) => {
    if (kept.truncated) return;
    const room = mostOutputBytes - length;
    kept.pieces.push(piece.subarray(0, room));
    length += Math.min(piece.length, room);
    if (piece.length <= room) return;
    kept.truncated = true;
    flooded();
  });
  stream?.on('error', () => undefined); // the end is reported by the process
  return kept;
}
