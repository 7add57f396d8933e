import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { HostError } from '../contracts/errors.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import type { ProcessRequest, ProcessResult } from '../gates/tool-exec/process-request.ts';
import type { InheritedDescriptors } from './inherited-descriptors.ts';
import {
  createFrameReader,
  encodeFrame,
  type Frame,
  type FromProcessHost,
  type ToProcessHost,
} from './process-frames.ts';

/**
 * The cell's end of a process that starts tools. It is small where the cell is large, so starting one is cheap there; it
 * ends them, and itself, as soon as the cell is gone.
 */
export interface ProcessClient {
  /** Whether it works on this machine. */
  readonly works: Promise<boolean>;
  /** How many requests it has. */
  readonly load: () => number;
  /** Requests are performed in order. */
  run(request: ProcessRequest): Promise<ProcessResult>;
  warm(request: ProcessRequest): void;
  /** Ends what runs. Resolves when nothing is left. */
  close(): Promise<void>;
}

interface Waiting {
  readonly settle: (result: ProcessResult) => void;
  readonly fail: (error: HostError) => void;
}

const HEAP_MEBIBYTES = 64;
const CLOSE_MS = 1500;
const NOTHING = Buffer.alloc(0);

/** Starts the process. `ledger` knows it from the first moment to the last. */
export function startProcessClient(ledger: ProcessLedger, inherited: InheritedDescriptors): ProcessClient {
  const { child, orders, answers } = spawnHost(inherited);
  const { pid } = child;
  if (pid !== undefined) ledger.started(pid, 'guard');
  const ready = Promise.withResolvers<boolean>();
  const ended = Promise.withResolvers<undefined>();
  const waiting: Waiting[] = [];
  let fault: string | undefined;
  let starting = true;

  function rest(): void {
    if (starting || waiting.length > 0) return;
    child.unref(); // an idle one keeps nobody alive
    orders.unref();
    answers.unref();
  }

  function end(reason: string): void {
    fault ??= reason;
    ready.resolve(false);
    for (const { fail } of waiting.splice(0))
      fail(new HostError('ERR_INTERNAL', `the process that starts tools failed: ${fault}`));
  }

  function take({ message, parts }: Frame<FromProcessHost>): void {
    switch (message.kind) {
      case 'ready':
        starting = false;
        ready.resolve(true);
        rest();
        return;
      case 'fault':
        end(message.message);
        return;
      case 'result': {
        waiting.shift()?.settle(resultOf(message.result, parts));
        rest();
      }
    }
  }

  const read = createFrameReader<FromProcessHost>();
  answers.on('data', (chunk: Buffer) => {
    try {
      read(chunk).forEach(take);
    } catch {
      end('it sent something that is not an answer');
    }
  });
  for (const stream of [child, orders, answers]) stream.on('error', (error: Error) => end(error.message));
  child.once('exit', () => {
    if (pid !== undefined) ledger.ended(pid);
    ended.resolve(undefined);
  });
  // What it has answered before its end is read before this.
  child.once('close', () => end('it ended'));
  if (pid === undefined) ended.resolve(undefined);

  function send(message: ToProcessHost, input?: Uint8Array): void {
    for (const handle of [child, orders, answers]) handle.ref();
    orders.write(encodeFrame(message, input === undefined ? [] : [input]));
  }

  return Object.freeze({
    works: ready.promise,
    load: () => waiting.length,
    run(request: ProcessRequest): Promise<ProcessResult> {
      const { wire, stdin } = partsOf(request);
      return new Promise((settle, fail) => {
        if (fault !== undefined) {
          fail(new HostError('ERR_INTERNAL', `the process that starts tools failed: ${fault}`));
          return;
        }
        waiting.push({ settle, fail });
        send({ kind: 'run', request: wire }, stdin);
      });
    },
    warm(request: ProcessRequest): void {
      if (fault === undefined) send({ kind: 'warm', request: partsOf(request).wire });
      rest();
    },
    async close(): Promise<void> {
      orders.end();
      const late = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
      await ended.promise;
      clearTimeout(late);
    },
  });
}

/** The input of a request travels beside it. */
const partsOf = ({ stdin, ...wire }: ProcessRequest) => ({ wire, stdin });

function resultOf(
  result: Extract<FromProcessHost, { kind: 'result' }>['result'],
  parts: readonly Buffer[],
): ProcessResult {
  if (result.status !== 'exited') return result;
  const [stdout = NOTHING, stderr = NOTHING] = parts;
  return { ...result, stdout, stderr };
}

function spawnHost(inherited: InheritedDescriptors) {
  const entry = fileURLToPath(new URL(`./process-child${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MEBIBYTES}`, '--no-warnings', entry], {
    stdio: inherited.covered(['pipe', 'pipe', 'ignore']),
    env: {},
    cwd: '/',
    // A session of its own: no controlling terminal, and no signal of the host's.
    detached: true,
    shell: false,
  });
  const { stdin: orders, stdout: answers } = child;
  if (!(orders instanceof Socket) || !(answers instanceof Socket))
    throw new HostError('ERR_INTERNAL', 'the process that starts tools has no pipes');
  return { child, orders, answers };
}
