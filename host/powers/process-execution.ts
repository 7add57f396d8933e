import { closeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Libc, Polled, WaitStatus } from './libc.ts';
import { createCapture, createFeed } from './process-pipes.ts';

/** A process that was just started, and this side of its pipes. They are closed at its end. */
export interface Started {
  readonly pid: number;
  readonly stdin: number | undefined;
  readonly stdout: number;
  readonly stderr: number;
}

export interface ExecutionTerms {
  readonly input: Uint8Array;
  readonly timeoutMs: number;
  /** Of standard output, and of standard error. More ends the process. */
  readonly mostOutputBytes: number;
  /** Asked again and again while it runs: which limit of the whole tree is passed. */
  readonly passed: (() => ExceededLimit | undefined) | undefined;
}

export type ExceededLimit = 'memory' | 'processes';

/** How an execution ended. */
export interface Ended {
  readonly status: WaitStatus;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: boolean;
  readonly timedOut: boolean;
  readonly exceeded: ExceededLimit | undefined;
}

/** Where orders come from; when it is over, so is whatever runs. */
export interface Control {
  readonly descriptor: number;
  /** Takes in what has arrived. */
  receive(): 'open' | 'over';
}

export interface ExecutionPowers {
  readonly libc: Libc;
  readonly control: Control;
  /** Ends the process and everything that it left behind; returns when nothing of it runs. */
  readonly endTree: (pid: number) => void;
  /** For reading into, and used by whoever reads next. */
  readonly scratch: Buffer;
}

/** How long the output may stay open after the end: by then nothing writes to it any more. */
const LINGER_MS = 250;
/** How often limits of the whole tree are looked at. */
const TICK_MS = 20;
/** Where the kernel does not report the end of a process by a descriptor. */
const UNWATCHED_MS = 5;

/** Follows a process to its end: feeds it, keeps what it writes, holds it to its terms, leaves nothing of it behind. */
export function finishExecution(started: Started, terms: ExecutionTerms, powers: ExecutionPowers): Ended {
  const { pid } = started;
  const watch = powers.libc.watch(pid);
  const pipes = createPipes(started, terms, powers, watch);
  const tick = Math.min(terms.passed === undefined ? Infinity : TICK_MS, watch === undefined ? UNWATCHED_MS : Infinity);
  const deadline = performance.now() + terms.timeoutMs;
  const { status, timedOut, exceeded } = leaderEnd();
  powers.endTree(pid);
  const linger = performance.now() + LINGER_MS;
  while (pipes.isOpen() && performance.now() < linger) pipes.move(linger - performance.now(), 'ended');
  if (watch !== undefined) closeSync(watch);
  return { ...pipes.close(), status, timedOut, exceeded };

  /** Waits for the process itself. It is killed when it breaks its terms, and then its end cannot be held up. */
  function leaderEnd(): Pick<Ended, 'status' | 'timedOut' | 'exceeded'> {
    for (;;) {
      pipes.move(Math.min(deadline - performance.now(), tick), 'running');
      const ended = powers.libc.reap(pid);
      if (ended !== undefined) return { status: ended, timedOut: false, exceeded: undefined };
      const timedOut = performance.now() >= deadline;
      const exceeded = terms.passed?.();
      if (timedOut || exceeded !== undefined || pipes.areOver())
        return { status: killed(pid, powers.libc), timedOut, exceeded };
    }
  }
}

function killed(pid: number, libc: Libc): WaitStatus {
  libc.kill(pid);
  for (;;) {
    const ended = libc.reap(pid);
    if (ended !== undefined) return ended;
    libc.poll([], 1);
  }
}

/** The pipes of a process, and the line that orders come by. */
function createPipes(started: Started, terms: ExecutionTerms, powers: ExecutionPowers, watch: number | undefined) {
  const { libc, control } = powers;
  const stdout = createCapture(started.stdout, terms.mostOutputBytes, powers.scratch);
  const stderr = createCapture(started.stderr, terms.mostOutputBytes, powers.scratch);
  const input = createFeed(started.stdin, terms.input);
  let controlled = true;

  function polledNow(stage: 'running' | 'ended'): Polled[] {
    const reading = [stdout.descriptor(), stderr.descriptor(), controlled ? control.descriptor : undefined];
    if (stage === 'running') reading.push(watch);
    const polled: Polled[] = [];
    for (const descriptor of reading) if (descriptor !== undefined) polled.push({ descriptor, events: 'read' });
    const writing = input.descriptor();
    if (writing !== undefined) polled.push({ descriptor: writing, events: 'write' });
    return polled;
  }

  return Object.freeze({
    isOpen: () => stdout.descriptor() !== undefined || stderr.descriptor() !== undefined,
    /** Whether too much was written, or nobody waits for the rest. */
    areOver: () => !controlled || stdout.truncated() || stderr.truncated(),
    /** Waits until something can be moved, and moves it. */
    move(timeoutMs: number, stage: 'running' | 'ended'): void {
      const polled = polledNow(stage);
      const ready = libc.poll(polled, Math.max(0, Math.ceil(timeoutMs)));
      for (const [index, { descriptor }] of polled.entries()) {
        if (ready[index] !== true) continue;
        if (descriptor === control.descriptor) controlled = control.receive() === 'open';
        else if (descriptor === input.descriptor()) input.write();
        else if (descriptor === stdout.descriptor()) stdout.read();
        else if (descriptor === stderr.descriptor()) stderr.read();
      }
    },
    close(): Pick<Ended, 'stdout' | 'stderr' | 'truncated'> {
      for (const pipe of [input, stdout, stderr]) pipe.close();
      return { stdout: stdout.bytes(), stderr: stderr.bytes(), truncated: stdout.truncated() || stderr.truncated() };
    },
  });
}
