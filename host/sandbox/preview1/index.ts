import type { HostImports } from '../../contracts/guest-import.ts';
import { AbiTrap } from '../guest-memory.ts';
import type { HostCalls } from '../host-call.ts';
import { MissingImport } from '../import-object.ts';
import type { Adapter, Functions, Preview1Function, WaitingFunction } from './adapter.ts';
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
 * their own. `poll_oneoff` waits, so the module has to run where its stack can be suspended.
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
  const direct: Functions = {
    ...createCommandLine(adapter),
    ...createClocks(adapter),
    ...createDescriptors(adapter),
    ...createFileStatus(adapter),
    ...createFileTransfer(adapter),
    ...createDirectoryReading(adapter),
    ...createPaths(adapter),
    ...createProcess(adapter),
  };
  const waiting: Functions<WaitingFunction> = { ...createPolling(adapter) };

  const members = Object.create(null) as Record<string, unknown>; // the lack of a prototype is the point
  for (const name of wanted) {
    const [own, slow] = [memberOf(direct, name), memberOf(waiting, name)];
    if (own !== undefined) members[name] = answerer(name, own, calls, wasi);
    else if (slow !== undefined) members[name] = new WebAssembly.Suspending(laterAnswerer(name, slow, calls, wasi));
    else throw new MissingImport(`\`${MODULE}\` has no \`${name}\``);
  }
  return { imports: Object.freeze(members) };
}

const MODULE = 'wasi_snapshot_preview1';

const memberOf = <Made>(functions: Functions<Made>, name: string): Made | undefined =>
  Object.hasOwn(functions, name) ? functions[name] : undefined;

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

function answerer(name: string, own: Preview1Function, calls: HostCalls, wasi: Wasi): (...core: Core[]) => number {
  const label = `${MODULE}#${name}`;
  const refuse = createRefusal(label, calls, wasi);
  const charge = (bytes: number): void => calls.charge(label, bytes);
  return (...core) => {
    calls.enter(label);
    try {
      own(createArguments(core, charge));
      return ERRNO.success;
    } catch (error) {
      return refuse(error);
    }
  };
}

/** As `answerer`; a guest whose run ends while it waits is not woken up. */
function laterAnswerer(name: string, own: WaitingFunction, calls: HostCalls, wasi: Wasi) {
  const label = `${MODULE}#${name}`;
  const refuse = createRefusal(label, calls, wasi);
  const charge = (bytes: number): void => calls.charge(label, bytes);

  async function later(work: Promise<void>): Promise<number> {
    try {
      await work;
      return calls.isOver() ? await calls.park() : ERRNO.success;
    } catch (error) {
      if (calls.isOver()) return calls.park();
      try {
        return refuse(error);
      } catch (thrown) {
        if (calls.isOver()) return calls.park();
        throw thrown;
      }
    }
  }

  return (...core: Core[]): Promise<number> => {
    calls.enter(label);
    return later(own(createArguments(core, charge)));
  };
}
