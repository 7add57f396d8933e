import type { FileService } from '../../contracts/file-service.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import { after, type Pending } from '../../contracts/pending.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import { createRedactors, type Redactors } from '../../redaction/redactor.ts';
import type { FsConfig } from './config.ts';
import { createFsDriver, type Page } from './driver.ts';
import type { FileMetadata, FsFailure, MountFiles } from './files.ts';
import { createFileDriver } from './file-driver.ts';
import { createFileService } from './file-service.ts';
import { createEnforceCall, DISCHARGES, type LinkFound } from './link-leads.ts';
import { openMountTrees } from './mount-trees.ts';
import { createFsParser, type Leads, type WitRange } from './request.ts';
import { fsAnswer } from './wit-error.ts';

export type { FsConfig, FsMount } from './config.ts';
export type { MountFiles } from './files.ts';
export { FS_ACTIONS, isFsArgument } from './request.ts';

export interface FsGateOptions {
  readonly pipeline: Pipeline;
  readonly config: FsConfig;
  readonly files: MountFiles;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
  /** What `redact` stands for; only what is built in, where there are none. */
  readonly redactors?: Redactors;
}

const FUNCTIONS = ['read', 'write', 'append', 'list', 'stat', 'make-directory', 'remove', 'rename'];

/** The row of the import matrix. */
export const FS_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/fs',
  versions: ['0.1.0'],
  servedBy: 'fs',
  functions: FUNCTIONS.map((name) => ({ name, waits: true })),
};

/** The record `metadata` of the WIT. */
interface WitMetadata {
  readonly kind: FileMetadata['kind'];
  readonly size: bigint;
  readonly modifiedMs: bigint;
}

/** The gate of files: `sallyport:agent/fs`, and what WASI shows of the same mounts. */
export interface FsGate extends Gate {
  readonly files: FileService;
}

/** Makes the gate. Throws if a mount cannot be held. */
export function createFsGate(options: FsGateOptions): FsGate {
  const { pipeline, config, files, callBytes } = options;
  const parser = createFsParser(config);
  const trees = openMountTrees(config, files);
  const { redeem } = pipeline;
  const redactors = options.redactors ?? createRedactors(new Map());
  const driver = createFsDriver({ trees, callBytes, redeem, redactors });
  const fileDriver = createFileDriver({ trees, callBytes, redeem, redactors });
  const enforceCall = createEnforceCall(pipeline);

  const enforce = <Target, Value>(
    parse: (leads: Leads) => Parsed<Target>,
    perform: (grant: Grant<Target>) => DriverResult<Value, FsFailure | LinkFound>,
  ): Pending<Value> => after(enforceCall(parse, perform), fsAnswer<Value>);

  const fs = sealInterface({
    read: (path: string, range: WitRange | undefined): Pending<Uint8Array> =>
      enforce((leads) => parser.read(path, range, leads), driver.read),
    write: (path: string, contents: Uint8Array): Pending<undefined> =>
      consumed(contents, () => enforce((leads) => parser.write(path, contents, leads), driver.write)),
    append: (path: string, contents: Uint8Array): Pending<undefined> =>
      consumed(contents, () => enforce((leads) => parser.append(path, contents, leads), driver.append)),
    list: (path: string, cursor: string | undefined): Pending<Page> =>
      enforce((leads) => parser.list(path, cursor, leads), driver.list),
    stat: (path: string): Pending<WitMetadata> =>
      after(
        enforce((leads) => parser.stat(path, leads), driver.stat),
        ({ kind, size, modifiedMs }) => ({ kind, size: BigInt(size), modifiedMs: BigInt(modifiedMs) }),
      ),
    makeDirectory: (path: string): Pending<undefined> =>
      enforce((leads) => parser.makeDirectory(path, leads), driver.makeDirectory),
    remove: (path: string): Pending<undefined> => enforce((leads) => parser.remove(path, leads), driver.remove),
    rename: (source: string, target: string): Pending<undefined> =>
      enforce((leads) => parser.rename(source, target, leads), driver.rename),
  });

  return Object.freeze({
    capability: 'fs',
    discharges: DISCHARGES,
    imports: new Map([[FS_INTERFACE.name, fs]]),
    intention: parser.intention,
    files: createFileService({ config, parser, driver: fileDriver, enforce: enforceCall }),
    close(): void {
      fileDriver.close();
      trees.close();
    },
  });
}

/** Smaller arguments are left to the collector. */
const LEAST_FREED = 64 * 1024;

/**
 * Uses bytes that the glue has copied out of the guest for this call, and gives their memory back at once: the collector
 * lets tens of megabytes pile up first when a guest writes a long file.
 */
function consumed<Value>(contents: Uint8Array, act: () => Pending<Value>): Pending<Value> {
  let done: Pending<Value> | undefined;
  try {
    done = act();
    return done instanceof Promise ? done.finally(() => free(contents)) : done;
  } finally {
    if (!(done instanceof Promise)) free(contents);
  }
}

function free(contents: Uint8Array): void {
  const { buffer } = contents;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === contents.length && !buffer.resizable;
  if (isOwn && contents.length >= LEAST_FREED) buffer.transfer(0);
}
