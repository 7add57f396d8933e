import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { createExecutables, type Executables } from './executables.ts';
import type { Libc, Resource, WaitStatus } from './libc.ts';
import {
  finishExecution,
  type Control,
  type Ended,
  type ExecutionPowers,
  type ExecutionTerms,
  type Started,
} from './process-execution.ts';
import {
  createFrameReader,
  encodeFrame,
  type Frame,
  type FromProcessHost,
  type ToProcessHost,
  type WireRequest,
  type WireResult,
} from './process-frames.ts';
import { ownChildren, treeUsage } from './process-tree.ts';
import { createSandboxes, isSandboxed, launch, type Sandboxes } from './sandbox-spares.ts';

const ORDERS = 0;
const ANSWERS = 1;
const PIECE_BYTES = 64 * 1024;
/** Of bubblewrap itself: outside, and the first one inside. */
const SANDBOX_PROCESSES = 2;
const BUSY_TURNS = 20;
const BUSY_STEP_MS = 5;
const SWEEP_STEPS = 500;
const SWEEP_STEP_MS = 2;

interface Outcome {
  readonly result: WireResult;
  readonly outputs: readonly Buffer[];
}

/** Serves one cell: runs its tools one after another until the cell is gone, and then leaves nothing behind. */
export function serveProcesses(libc: Libc): void {
  if (!libc.adoptOrphans()) throw new Error('orphans cannot be adopted');
  const scratch = Buffer.alloc(PIECE_BYTES);
  const orders = createOrders(scratch);
  const executables = createExecutables();
  const sandboxes = createSandboxes({ libc, executables });
  const powers: ExecutionPowers = { libc, control: orders, endTree: (pid) => endTree(libc, pid, sandboxes), scratch };
  const run = createRunner(powers, executables, sandboxes);
  answer({ kind: 'ready' });
  for (let order = orders.next(); order !== undefined; order = orders.next()) {
    const { message, parts } = order;
    if (message.kind === 'run') {
      const { result, outputs } = run(message.request, parts[0]);
      answer({ kind: 'result', result }, outputs);
    }
    sandboxes.prepare(message.request);
  }
  sandboxes.close();
  executables.close();
}

/** The orders of the cell, in order. */
function createOrders(scratch: Buffer): Control & { next(): Frame<ToProcessHost> | undefined } {
  const take = createFrameReader<ToProcessHost>();
  const queue: Frame<ToProcessHost>[] = [];
  let over = false;

  function receive(): 'open' | 'over' {
    const length = over ? 0 : readSync(ORDERS, scratch);
    if (length === 0) over = true;
    else queue.push(...take(scratch.subarray(0, length)));
    return over ? 'over' : 'open';
  }

  return Object.freeze({
    descriptor: ORDERS,
    receive,
    next(): Frame<ToProcessHost> | undefined {
      while (queue.length === 0) if (receive() === 'over') return undefined;
      return over ? undefined : queue.shift();
    },
  });
}

export function answer(message: FromProcessHost, parts: readonly Buffer[] = []): void {
  const frame = encodeFrame(message, parts);
  for (let position = 0; position < frame.length;) position += writeSync(ANSWERS, frame, position);
}

/** Runs one request at a time. */
function createRunner(powers: ExecutionPowers, executables: Executables, sandboxes: Sandboxes) {
  const { libc } = powers;
  const blank = openSync('/dev/null', 'r');

  function runBare(request: WireRequest, path: string, terms: ExecutionTerms): Ended | undefined {
    const started = startBare(libc, request, path, blank);
    if (started === undefined) return undefined;
    const limited = limitsOf(request).every(([resource, value]) => libc.limit(started.pid, resource, value));
    const ended = finishExecution(started, limited ? terms : { ...terms, timeoutMs: 0 }, powers);
    return limited ? ended : undefined;
  }

  function runSandboxed(request: WireRequest, terms: ExecutionTerms): Ended | undefined {
    const spare = isSandboxed(request) ? sandboxes.take(request) : undefined;
    if (spare === undefined) return undefined;
    const launched = launch(spare, request, limitsOf(request), powers);
    const ended = finishExecution(spare, launched ? terms : { ...terms, timeoutMs: 0 }, powers);
    return launched ? ended : undefined;
  }

  return (request: WireRequest, input: Buffer | undefined): Outcome => {
    const program = executables.open(request);
    if (program === undefined) return without('changed');
    const terms = termsOf(request, input, () => ownChildren().filter((pid) => !sandboxes.waiting().includes(pid)));
    // A script is opened again by its interpreter: without a digest, it is run by its name, which scripts look at.
    const path = program.script && request.sha256 === undefined ? request.file : program.path;
    const ended = isSandboxed(request) ? runSandboxed(request, terms) : runBare(request, path, terms);
    return ended === undefined ? without('not-started') : outcomeOf(ended);
  };
}

const without = (status: 'changed' | 'not-started' | 'timed-out'): Outcome => ({ result: { status }, outputs: [] });

function outcomeOf({ status, stdout, stderr, truncated, timedOut, exceeded }: Ended): Outcome {
  if (timedOut) return without('timed-out');
  const result = { status: 'exited', exitCode: exitCodeOf(status), truncated, exceeded } as const;
  return { result, outputs: [stdout, stderr] };
}

const exitCodeOf = (status: WaitStatus): number => (status.kind === 'exited' ? status.code : 128 + status.signal);

function termsOf(request: WireRequest, input: Buffer | undefined, roots: () => number[]): ExecutionTerms {
  const { timeoutMs, mostOutputBytes, limits } = request;
  const { memoryBytes = Infinity, processes = Infinity } = limits;
  const passed = (): 'memory' | 'processes' | undefined => {
    const usage = treeUsage(roots());
    if (usage.processes > processes + (request.sandbox === undefined ? 0 : SANDBOX_PROCESSES)) return 'processes';
    return usage.residentBytes > memoryBytes ? 'memory' : undefined;
  };
  const watched = memoryBytes !== Infinity || processes !== Infinity;
  return { input: input ?? Buffer.alloc(0), timeoutMs, mostOutputBytes, passed: watched ? passed : undefined };
}

/** Limits that the kernel keeps, process by process. */
function limitsOf({ limits, sandbox }: WireRequest): (readonly [Resource, number])[] {
  const { memoryBytes, processes, fileBytes, cpuSeconds, openFiles } = limits;
  const wanted: readonly (readonly [Resource, number | undefined])[] = [
    ['core', 0],
    ['memory', memoryBytes],
    // The kernel counts by user: those of a sandbox are counted apart, others together with all that the user has.
    ['processes', sandbox === undefined ? undefined : processes],
    ['fileSize', fileBytes],
    ['cpu', cpuSeconds],
    ['openFiles', openFiles],
  ];
  return wanted.flatMap(([resource, value]) => (value === undefined ? [] : [[resource, value] as const]));
}

function startBare(libc: Libc, request: WireRequest, path: string, blank: number): Started | undefined {
  const input = request.takesInput ? libc.pipe() : undefined;
  const [output, errors] = [libc.pipe(), libc.pipe()];
  process.umask(request.umask);
  const program = {
    path,
    argv: [request.name, ...request.argv],
    environment: [...request.environment, ...(request.secretEnvironment ?? [])].map(
      ([name, value]) => `${name}=${value}`,
    ),
    directory: request.directory,
    descriptors: [input?.[0] ?? blank, output[1], errors[1]],
  };
  let pid = libc.spawn(program);
  // ETXTBSY: it was written a moment ago, and a process that was forked meanwhile has not yet closed it.
  for (let turn = 0; turn < BUSY_TURNS && pid === -osConstants.errno.ETXTBSY; turn += 1) {
    libc.poll([], BUSY_STEP_MS);
    pid = libc.spawn(program);
  }
  for (const descriptor of [input?.[0], output[1], errors[1]]) if (descriptor !== undefined) closeSync(descriptor);
  if (pid > 0) {
    if (input !== undefined) libc.unblock(input[1]);
    return { pid, stdin: input?.[1], stdout: output[0], stderr: errors[0] };
  }
  for (const descriptor of [input?.[1], output[0], errors[0]]) if (descriptor !== undefined) closeSync(descriptor);
  return undefined;
}

/** Kills a process group, and what left it: orphans become children of this process, one generation after another. */
function endTree(libc: Libc, pid: number, sandboxes: Sandboxes): void {
  libc.kill(pid);
  for (let step = 0; step < SWEEP_STEPS && libc.hasChildren(); step += 1) {
    const waiting = sandboxes.waiting();
    const orphans = ownChildren().filter((child) => !waiting.includes(child));
    for (const orphan of orphans) libc.kill(orphan);
    const alive = orphans.filter((orphan) => libc.reap(orphan) === undefined);
    if (orphans.length === 0) return;
    if (alive.length > 0) libc.poll([], SWEEP_STEP_MS);
  }
}
