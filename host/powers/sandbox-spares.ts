import { closeSync, constants, existsSync, lstatSync, openSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { O_PATH } from './descriptor-path.ts';
import type { Executables, OpenProgram } from './executables.ts';
import type { Libc, Resource } from './libc.ts';
import type { Control, Started } from './process-execution.ts';
import type { WireRequest } from './process-frames.ts';
import { childrenOf } from './process-tree.ts';
import {
  LAUNCHER,
  LAUNCHER_DESCRIPTORS,
  launchText,
  sandboxArguments,
  sandboxedPath,
  systemArguments,
} from './sandbox-arguments.ts';

/** A request for a program in a sandbox. */
type SandboxedRequest = WireRequest & { readonly sandbox: NonNullable<WireRequest['sandbox']> };

/** A sandbox that stands, or will; nothing runs in it but the launcher. It serves one call. */
export interface Spare extends Started {
  readonly order: number;
  readonly ready: number;
}

export interface Sandboxes {
  /** Makes one ready for the next call of this kind, unless there is one. */
  prepare(request: WireRequest): void;
  /** The spare one for this call, or a new one; `undefined` where none can be started. */
  take(request: SandboxedRequest): Spare | undefined;
  /** Process ids of those that wait. */
  waiting(): readonly number[];
  close(): void;
}

const BUBBLEWRAP = ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap'];
/** How many sandboxes wait at a time. */
const MOST_WAITING = 4;

export const findBubblewrap = (): string | undefined => BUBBLEWRAP.find((path) => existsSync(path));

export const isSandboxed = (request: WireRequest): request is SandboxedRequest => request.sandbox !== undefined;

/** Makes sandboxes and keeps a few ready. */
export function createSandboxes({ libc, executables }: { libc: Libc; executables: Executables }): Sandboxes {
  const waiting = new Map<string, Spare>();
  const blank = openSync('/dev/null', 'r');

  function start(request: SandboxedRequest): Spare | undefined {
    const bubblewrap = findBubblewrap();
    const program = executables.open(request);
    if (bubblewrap === undefined || program === undefined) return undefined;
    return startSandbox(libc, { bubblewrap, program, request, blank });
  }

  function discard(spare: Spare): void {
    libc.kill(spare.pid); // whoever is in it ends with it
    closeSpare(spare);
  }

  return Object.freeze({
    prepare(request: WireRequest): void {
      if (!isSandboxed(request) || waiting.has(kindOf(request))) return;
      const [oldest] = waiting;
      if (waiting.size >= MOST_WAITING && oldest !== undefined) {
        waiting.delete(oldest[0]);
        discard(oldest[1]);
      }
      const spare = start(request);
      if (spare !== undefined) waiting.set(kindOf(request), spare);
    },
    take(request: SandboxedRequest): Spare | undefined {
      const spare = waiting.get(kindOf(request));
      waiting.delete(kindOf(request));
      if (spare === undefined) return start(request);
      if (libc.reap(spare.pid) === undefined) return spare;
      closeSpare(spare);
      return start(request);
    },
    waiting: () => [...waiting.values()].map(({ pid }) => pid),
    close(): void {
      for (const spare of waiting.values()) discard(spare);
      waiting.clear();
      closeSync(blank);
    },
  });
}

/** All that a sandbox is made from: everything of a request but the argument list and the input. */
const kindOf = ({
  file,
  name,
  identity,
  sha256,
  environment,
  directory,
  takesInput,
  umask,
  limits,
  sandbox,
}: WireRequest) =>
  JSON.stringify([file, name, identity, sha256, environment, directory, takesInput, umask, limits, sandbox]);

interface SandboxParts {
  readonly bubblewrap: string;
  readonly program: OpenProgram;
  readonly request: SandboxedRequest;
  readonly blank: number;
}

function startSandbox(libc: Libc, { bubblewrap, program, request, blank }: SandboxParts): Spare | undefined {
  const { sandbox } = request;
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    const descriptor = openSync(path, flags);
    opened.push(descriptor);
    return descriptor;
  };
  const pipes = request.takesInput ? [libc.pipe()] : [];
  const [input] = pipes;
  const [output, errors, order, ready] = [libc.pipe(), libc.pipe(), libc.pipe(), libc.pipe()];
  const ours = [...pipes.map(([, write]) => write), output[0], errors[0], order[1], ready[0]];
  try {
    const descriptors = [input?.[0] ?? blank, output[1], errors[1], order[0], ready[1], program.descriptor];
    const shown = (descriptor: number): number => descriptors.push(descriptor) - 1;
    const scripts = sandbox.scripts.map((path) => ({ path, descriptor: shown(open(path, O_PATH)) }));
    const mounts = sandbox.mounts.map(({ directory, path, access }) => ({
      path,
      access,
      descriptor: shown(open(directory, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW)),
    }));
    const path = sandboxedPath(request.file, request.name);
    const own = { path, descriptor: LAUNCHER_DESCRIPTORS.first };
    const argv = sandboxArguments({
      system: systemArguments(linkOrKind, sandbox.network),
      readOnly: sandbox.readOnly,
      mounts,
      programs: [own, ...scripts],
      network: sandbox.network,
      environment: request.environment,
      directory: request.directory,
      command: LAUNCHER,
    });
    process.umask(request.umask);
    const pid = libc.spawn({
      path: bubblewrap,
      argv: [bubblewrap, ...argv],
      environment: [],
      directory: '/',
      descriptors,
    });
    if (pid > 0) {
      if (input !== undefined) libc.unblock(input[1]);
      return { pid, stdin: input?.[1], stdout: output[0], stderr: errors[0], order: order[1], ready: ready[0] };
    }
  } catch {
    // a directory or a script is gone
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
    for (const [read] of [...pipes, order]) closeSync(read);
    for (const [, write] of [output, errors, ready]) closeSync(write);
  }
  for (const descriptor of ours) closeSync(descriptor);
  return undefined;
}

/** What is at a path of the system. */
export function linkOrKind(path: string): { link: string } | 'directory' | 'other' | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return { link: readlinkSync(path) };
  return stats.isDirectory() ? 'directory' : 'other';
}

function closeSpare({ stdin, stdout, stderr, order, ready }: Spare): void {
  for (const descriptor of [stdin, stdout, stderr, order, ready]) if (descriptor !== undefined) closeSync(descriptor);
}

export interface LaunchPowers {
  readonly libc: Libc;
  readonly control: Control;
}

/**
 * Turns the launcher of a sandbox into the program, under its limits: it has run nothing before they hold. Answers
 * whether it did; if not, the sandbox is to be ended.
 */
export function launch(
  spare: Spare,
  { file, name, argv, secretEnvironment, timeoutMs }: WireRequest,
  limits: readonly (readonly [Resource, number])[],
  { libc, control }: LaunchPowers,
): boolean {
  const stands = awaitReady(spare.ready, timeoutMs, { libc, control });
  closeSync(spare.ready);
  const launcher = childrenOf(spare.pid).flatMap(childrenOf);
  const limited =
    stands &&
    launcher.length === 1 &&
    launcher.every((pid) => limits.every(([what, value]) => libc.limit(pid, what, value)));
  if (limited) writeWhole(spare.order, launchText([sandboxedPath(file, name), ...argv], secretEnvironment));
  closeSync(spare.order);
  return limited;
}

function awaitReady(ready: number, timeoutMs: number, { libc, control }: LaunchPowers): boolean {
  const polled = [ready, control.descriptor].map((descriptor) => ({ descriptor, events: 'read' as const }));
  for (;;) {
    const [stands, ordered] = libc.poll(polled, timeoutMs);
    if (stands === true) return readSync(ready, Buffer.alloc(1)) === 1;
    if (ordered !== true || control.receive() === 'over') return false;
  }
}

/** The launcher reads as fast as it is written to; if it is gone, so is the reader. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  try {
    for (let position = 0; position < bytes.length;) position += writeSync(descriptor, bytes, position);
  } catch {
    // EPIPE: its end is seen by whoever waits for it
  }
}
