import { constants as osConstants } from 'node:os';

/** The calls of the C library that starting and watching processes needs, and that Node does not have. Linux. */
export interface Libc {
  /** Starts a program in a session of its own. Answers its process id, or a negative error number. */
  spawn(program: SpawnedProgram): number;
  /** A pipe: the end to read from, and the end to write to. Both are closed at exec. */
  pipe(): readonly [number, number];
  /** Makes writing to a descriptor answer `EAGAIN` rather than wait. */
  unblock(descriptor: number): void;
  /** Waits until one of the descriptors has something, or its other end is gone. Answers which have. */
  poll(descriptors: readonly Polled[], timeoutMs: number): readonly boolean[];
  /** How a child ended, if it has. */
  reap(pid: number): WaitStatus | undefined;
  /** Whether this process has a child that runs or waits to be reaped. Asking may reap one. */
  hasChildren(): boolean;
  /** Kills a process and its group. They may be gone already. */
  kill(pid: number): void;
  /** A descriptor that becomes readable when the process ends; `undefined` where the kernel has none. */
  watch(pid: number): number | undefined;
  /** Sets a limit of a process, soft and hard, unless it has a lower one. Answers whether it holds. */
  limit(pid: number, resource: Resource, value: number): boolean;
  /** Orphans of this process's descendants become its children from now on. */
  adoptOrphans(): boolean;
}

export interface SpawnedProgram {
  readonly path: string;
  /** With `argv[0]`. No text has a NUL. */
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly directory: string;
  /** The descriptors of the program, from 0 on; it has no others. */
  readonly descriptors: readonly number[];
}

export interface Polled {
  readonly descriptor: number;
  readonly events: 'read' | 'write';
}

export type WaitStatus =
  { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'signalled'; readonly signal: number };

/** `RLIMIT_*` of `asm-generic/resource.h`. */
const RESOURCES = { cpu: 0, fileSize: 1, memory: 2, core: 4, processes: 6, openFiles: 7 } as const;
export type Resource = keyof typeof RESOURCES;

const MACHINES: readonly string[] = ['x64', 'arm64'];
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_SETFL = 4;
const POLLIN = 1;
const POLLOUT = 4;
const PIDFD_OPEN = 434n;
const WNOHANG = 1;
const { SIGKILL } = osConstants.signals;
const PR_SET_CHILD_SUBREAPER = 36;
/** `POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID`. */
const SPAWN_FLAGS = 0x04 | 0x08 | 0x80;
/** More than the structures of any C library have. */
const STRUCTURE_BYTES = 1024;

/** Opens the C library of this process; `undefined` where foreign calls are switched off, or one is missing. */
export function openLibc(): Libc | undefined {
  if (process.platform !== 'linux' || !MACHINES.includes(process.arch)) return undefined;
  try {
    return createLibc(symbols());
  } catch {
    return undefined; // no such symbol, or not permitted
  }
}

function symbols() {
  const { dlopen, getRawPointer } = process.getBuiltinModule('node:ffi');
  const { functions } = dlopen(null, {
    posix_spawn: { arguments: ['buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer'], return: 'int32' },
    posix_spawn_file_actions_init: { arguments: ['buffer'], return: 'int32' },
    posix_spawn_file_actions_destroy: { arguments: ['buffer'], return: 'int32' },
    posix_spawn_file_actions_adddup2: { arguments: ['buffer', 'int32', 'int32'], return: 'int32' },
    posix_spawn_file_actions_addclosefrom_np: { arguments: ['buffer', 'int32'], return: 'int32' },
    posix_spawn_file_actions_addchdir_np: { arguments: ['buffer', 'buffer'], return: 'int32' },
    posix_spawnattr_init: { arguments: ['buffer'], return: 'int32' },
    posix_spawnattr_setflags: { arguments: ['buffer', 'int16'], return: 'int32' },
    posix_spawnattr_setsigdefault: { arguments: ['buffer', 'buffer'], return: 'int32' },
    posix_spawnattr_setsigmask: { arguments: ['buffer', 'buffer'], return: 'int32' },
    sigfillset: { arguments: ['buffer'], return: 'int32' },
    sigemptyset: { arguments: ['buffer'], return: 'int32' },
    pipe2: { arguments: ['buffer', 'int32'], return: 'int32' },
    fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    kill: { arguments: ['int32', 'int32'], return: 'int32' },
    waitpid: { arguments: ['int32', 'buffer', 'int32'], return: 'int32' },
    poll: { arguments: ['buffer', 'uint64', 'int32'], return: 'int32' },
    syscall: { arguments: ['int64', 'int64', 'int64'], return: 'int64' },
    prlimit: { arguments: ['int32', 'int32', 'pointer', 'pointer'], return: 'int32' },
    prctl: { arguments: ['int32', 'int64', 'int64', 'int64', 'int64'], return: 'int32' },
  });
  return { c: functions, pointerTo: (bytes: Buffer): bigint => getRawPointer(bytes) };
}

type Symbols = ReturnType<typeof symbols>;

function createLibc({ c, pointerTo }: Symbols): Libc {
  const attributes = spawnAttributes(c);
  const number = Buffer.alloc(4);
  const pair = Buffer.alloc(8);
  const limits = Buffer.alloc(16);
  const limitsAt = pointerTo(limits);

  return Object.freeze({
    spawn(program: SpawnedProgram): number {
      const actions = Buffer.alloc(STRUCTURE_BYTES);
      succeed(c.posix_spawn_file_actions_init(actions), 'posix_spawn_file_actions_init');
      try {
        fillActions(c, actions, program);
        const argv = textVector(program.argv, pointerTo);
        const environment = textVector(program.environment, pointerTo);
        const error = c.posix_spawn(number, textOf(program.path), actions, attributes, argv.vector, environment.vector);
        return error === 0 ? number.readInt32LE(0) : -error;
      } finally {
        c.posix_spawn_file_actions_destroy(actions);
      }
    },
    pipe(): readonly [number, number] {
      succeed(c.pipe2(pair, O_CLOEXEC), 'pipe2');
      return [pair.readInt32LE(0), pair.readInt32LE(4)];
    },
    unblock(descriptor: number): void {
      succeed(c.fcntl(descriptor, F_SETFL, O_NONBLOCK), 'fcntl');
    },
    poll(descriptors: readonly Polled[], timeoutMs: number): readonly boolean[] {
      const table = Buffer.alloc(8 * descriptors.length);
      for (const [index, { descriptor, events }] of descriptors.entries()) {
        table.writeInt32LE(descriptor, 8 * index);
        table.writeInt16LE(events === 'read' ? POLLIN : POLLOUT, 8 * index + 4);
      }
      c.poll(table, BigInt(descriptors.length), timeoutMs);
      return descriptors.map((_, index) => table.readInt16LE(8 * index + 6) !== 0);
    },
    reap(pid: number): WaitStatus | undefined {
      const ended = c.waitpid(pid, number, WNOHANG);
      if (ended === 0) return undefined;
      if (ended < 0) return { kind: 'signalled', signal: SIGKILL }; // ECHILD: somebody else reaped it
      const status = number.readInt32LE(0);
      const signal = status & 0x7f;
      return signal === 0 ? { kind: 'exited', code: (status >> 8) & 0xff } : { kind: 'signalled', signal };
    },
    hasChildren: () => c.waitpid(-1, number, WNOHANG) >= 0,
    kill(pid: number): void {
      c.kill(-pid, SIGKILL);
      c.kill(pid, SIGKILL);
    },
    watch(pid: number): number | undefined {
      const descriptor = Number(c.syscall(PIDFD_OPEN, BigInt(pid), 0n));
      return descriptor < 0 ? undefined : descriptor;
    },
    limit(pid: number, resource: Resource, value: number): boolean {
      if (c.prlimit(pid, RESOURCES[resource], 0n, limitsAt) !== 0) return false;
      const hard = limits.readBigUInt64LE(8);
      const wanted = BigInt(value) < hard ? BigInt(value) : hard; // only root could raise it
      limits.writeBigUInt64LE(wanted, 0);
      limits.writeBigUInt64LE(wanted, 8);
      return c.prlimit(pid, RESOURCES[resource], limitsAt, 0n) === 0;
    },
    adoptOrphans: () => c.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n) === 0,
  });
}

/** A session of its own, no blocked signal, and every signal as programs expect it. */
function spawnAttributes(c: Symbols['c']): Buffer {
  const attributes = Buffer.alloc(STRUCTURE_BYTES);
  const set = Buffer.alloc(STRUCTURE_BYTES);
  succeed(c.posix_spawnattr_init(attributes), 'posix_spawnattr_init');
  succeed(c.posix_spawnattr_setflags(attributes, SPAWN_FLAGS), 'posix_spawnattr_setflags');
  succeed(c.sigfillset(set), 'sigfillset');
  succeed(c.posix_spawnattr_setsigdefault(attributes, set), 'posix_spawnattr_setsigdefault');
  succeed(c.sigemptyset(set), 'sigemptyset');
  succeed(c.posix_spawnattr_setsigmask(attributes, set), 'posix_spawnattr_setsigmask');
  return attributes;
}

function fillActions(c: Symbols['c'], actions: Buffer, { descriptors, directory }: SpawnedProgram): void {
  for (const [target, descriptor] of descriptors.entries()) {
    // The order matters: a descriptor that is still to be copied must not be below its own target.
    if (descriptor < descriptors.length) throw new Error('a descriptor lies where the program has its own');
    succeed(c.posix_spawn_file_actions_adddup2(actions, descriptor, target), 'adddup2');
  }
  succeed(c.posix_spawn_file_actions_addclosefrom_np(actions, descriptors.length), 'addclosefrom');
  succeed(c.posix_spawn_file_actions_addchdir_np(actions, textOf(directory)), 'addchdir');
}

function textOf(text: string): Buffer {
  // CWE-158: the kernel would read up to the NUL.
  if (text.includes('\0')) throw new Error('a text has a NUL');
  return Buffer.from(`${text}\0`, 'utf8');
}

/** A list of pointers with a null at its end. `texts` must live as long as the vector is in use. */
function textVector(list: readonly string[], pointerTo: Symbols['pointerTo']) {
  const texts = list.map(textOf);
  const vector = Buffer.alloc(8 * (list.length + 1));
  for (const [index, text] of texts.entries()) vector.writeBigUInt64LE(pointerTo(text), 8 * index);
  return { texts, vector };
}

function succeed(result: number, call: string): void {
  if (result !== 0) throw new Error(`${call} failed: ${result}`);
}
