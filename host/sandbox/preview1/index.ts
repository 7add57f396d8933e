import type { HostImports } from '../../contracts/guest-import.ts';
import type { Pending } from '../../contracts/pending.ts';
import { AbiTrap } from '../guest-memory.ts';
import type { HostCalls } from '../host-call.ts';
import { MissingImport } from '../missing-import.ts';
import type { Adapter, Functions, Preview1Function } from './adapter.ts';
import { createArguments } from './call-arguments.ts';
import { createClocks } from './clocks.ts';
import { createCommandLine } from './command-line.ts';
import { createDescriptorTable } from './descriptor-table.ts';
import { createDescriptors } from './descriptors.ts';
import { createDirectoryReading } from './directory-reading.ts';
import { ERRNO, errnoOf, Failure } from './errno.ts';
import { createFileStatus } from './file-status.ts';
import { createFileTransfer } from './file-transfer.ts';
import { createGuestView } from './guest-view.ts';
import { createPaths } from './paths.ts';
import { createPolling } from './polling.ts';
import { createProcess } from './process.ts';
import { createWasiImports, type Wasi } from './wasi-imports.ts';
import type { Resource } from './wasi-types.ts';

export interface Preview1Options {
  /** WASI 0.2 of the same run. */
  readonly imports: HostImports;
  readonly calls: HostCalls;
  /** The module's own memory. Asked at each call. */
  readonly memory: () => WebAssembly.Memory;
  /** The functions that the module imports; each is a key of `PREVIEW1_NEEDS`. */
  readonly wanted: ReadonlySet<string>;
}

/**
 * The functions of `wasi_snapshot_preview1` for one core module, over WASI 0.2 of the same run: they have no authority of
 * their own. Some may wait: the module has to run where its stack can be suspended.
 */
export function createPreview1(options: Preview1Options): { readonly imports: Readonly<Record<string, unknown>> } {
  const { imports, calls, memory, wanted } = options;
  const wasi = createWasiImports(imports, wanted);
  const drop = (resource: Resource): void => calls.drop(MODULE, () => resource[Symbol.dispose]());
  const adapter: Adapter = {
    view: createGuestView(memory),
    wasi,
    table: createDescriptorTable(wasi, drop),
    drop,
    payloadOf: (error) => calls.payloadOf(MODULE, error),
    fault: (text) => calls.fault(text),
  };
  const functions: Functions = {
    ...createCommandLine(adapter),
    ...createClocks(adapter),
    ...createDescriptors(adapter),
    ...createFileStatus(adapter),
    ...createFileTransfer(adapter),
    ...createDirectoryReading(adapter),
    ...createPaths(adapter),
    ...createProcess(adapter),
    ...createPolling(adapter),
  };

  const members = Object.create(null) as Record<string, unknown>; // the lack of a prototype is the point
  for (const name of wanted) {
    const own = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (own === undefined) throw new MissingImport(`\`${MODULE}\` has no \`${name}\``);
    const answer = answerer(name, own, calls, wasi);
    members[name] = WAITING.has(name) ? new WebAssembly.Suspending(answer) : answer;
  }
  return { imports: Object.freeze(members) };
}

const MODULE = 'wasi_snapshot_preview1';

/** What may wait: for a clock, for input, for room in an output; what looks at files or names them, for a person. */
const WAITING: ReadonlySet<string> = new Set([
  ...['fd_read', 'fd_write', 'poll_oneoff'],
  ...['fd_allocate', 'fd_filestat_get', 'fd_filestat_set_times', 'fd_readdir', 'fd_seek'],
  ...['path_create_directory', 'path_filestat_get', 'path_filestat_set_times', 'path_link', 'path_open'],
  ...['path_readlink', 'path_remove_directory', 'path_rename', 'path_symlink', 'path_unlink_file'],
]);

type Core = number | bigint;

/** What a function that did not succeed answers, if the run goes on. */
function createRefusal(name: string, calls: HostCalls, wasi: Wasi): (error: unknown) => number {
  return (error) => {
    if (error instanceof Failure) return ERRNO[error.errno];
    if (error instanceof AbiTrap) return calls.broken(error);
    const payload = calls.payloadOf(name, error);
    const errno = errnoOf(payload, (failed) => wasi('wasi:filesystem/types#filesystem-error-code', failed));
    return errno === undefined ? calls.fault(`\`${name}\` has no errno for what was thrown`) : ERRNO[errno];
  };
}

function answerer(
  name: string,
  own: Preview1Function,
  calls: HostCalls,
  wasi: Wasi,
): (...core: Core[]) => Pending<number> {
  const label = `${MODULE}#${name}`;
  const refuse = createRefusal(label, calls, wasi);
  const charge = (bytes: number): void => calls.charge(label, bytes);

  function answered(errno: number): number {
    calls.back();
    return errno;
  }

  /** A guest whose run ends while it waits is not woken up. */
  async function later(work: Promise<unknown>): Promise<number> {
    try {
      const errno = await work.then(() => ERRNO.success, refuse);
      return calls.isOver() ? await calls.park() : answered(errno);
    } catch (error) {
      if (calls.isOver()) return calls.park();
      throw error;
    }
  }

  return (...core) => {
    calls.enter(label);
    let done: Pending<unknown>;
    try {
      done = own(createArguments(core, charge));
    } catch (error) {
      return answered(refuse(error));
    }
    if (!(done instanceof Promise)) return answered(ERRNO.success);
    if (WAITING.has(name)) return later(done);
    done.catch(() => undefined); // it is not waited for
    return calls.fault(`\`${label}\` answers later, but is declared to answer at once`);
  };
}
