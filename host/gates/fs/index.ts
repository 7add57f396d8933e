import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { FsConfig } from './config.ts';
import {
  createFsDriver,
  type FileMetadata,
  type FsFailure,
  type LinkFound,
  type MountFiles,
  type Page,
} from './driver.ts';
import { createFsParser, NO_LINKS, type Leads, type WitRange } from './request.ts';
import { fsAnswer } from './wit-error.ts';

export type { FsConfig, FsMount } from './config.ts';
export type { MountFiles } from './driver.ts';
export { FS_ACTIONS, isFsArgument } from './request.ts';

export interface FsGateOptions {
  readonly pipeline: Pipeline;
  readonly config: FsConfig;
  readonly files: MountFiles;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
}

const FUNCTIONS = ['read', 'write', 'append', 'list', 'stat', 'make-directory', 'remove', 'rename'];

/** The row of the import matrix. */
export const FS_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/fs',
  versions: ['0.1.0'],
  servedBy: 'fs',
  functions: FUNCTIONS.map((name) => ({ name, waits: false })),
};

/** Nothing: a call returns no rows, and it does not wait. */
const DISCHARGES: ReadonlySet<ObligationName> = new Set<ObligationName>();

/** The record `metadata` of the WIT. */
interface WitMetadata {
  readonly kind: FileMetadata['kind'];
  readonly size: bigint;
  readonly modifiedMs: bigint;
}

/** The gate of `sallyport:agent/fs`. Throws if a mount cannot be held. */
export function createFsGate(options: FsGateOptions): Gate {
  const { pipeline, config, files, callBytes } = options;
  const parser = createFsParser(config);
  const driver = createFsDriver({ config, files, callBytes, redeem: pipeline.redeem });

  /**
   * One call of the guest. Where it ends at a link that a mount follows, nothing was done, and it is decided once more: on
   * the name and on what it leads to, which is then opened without following anything.
   */
  function enforce<Target, Value>(
    parse: (leads: Leads) => Parsed<Target>,
    perform: (grant: Grant<Target>) => DriverResult<Value, FsFailure | LinkFound>,
  ): Value {
    const attempt = (leads: Leads) =>
      pipeline.enforceNow({ capability: 'fs', discharges: DISCHARGES, parse: () => parse(leads), perform });
    const first = attempt(NO_LINKS);
    if (first.status !== 'failed' || typeof first.failure === 'string') return fsAnswer(first);
    return fsAnswer(attempt(first.failure.leads));
  }

  const fs = sealInterface({
    read: (path: string, range: WitRange | undefined): Uint8Array =>
      enforce((leads) => parser.read(path, range, leads), driver.read),
    write: (path: string, contents: Uint8Array): undefined =>
      consumed(contents, () => enforce((leads) => parser.write(path, contents, leads), driver.write)),
    append: (path: string, contents: Uint8Array): undefined =>
      consumed(contents, () => enforce((leads) => parser.append(path, contents, leads), driver.append)),
    list: (path: string, cursor: string | undefined): Page =>
      enforce((leads) => parser.list(path, cursor, leads), driver.list),
    stat(path: string): WitMetadata {
      const { kind, size, modifiedMs } = enforce((leads) => parser.stat(path, leads), driver.stat);
      return { kind, size: BigInt(size), modifiedMs: BigInt(modifiedMs) };
    },
    makeDirectory: (path: string): undefined =>
      enforce((leads) => parser.makeDirectory(path, leads), driver.makeDirectory),
    remove: (path: string): undefined => enforce((leads) => parser.remove(path, leads), driver.remove),
    rename: (source: string, target: string): undefined =>
      enforce((leads) => parser.rename(source, target, leads), driver.rename),
  });

  return Object.freeze({
    capability: 'fs',
    discharges: DISCHARGES,
    imports: new Map([[FS_INTERFACE.name, fs]]),
    intention: parser.intention,
    close: driver.close,
  });
}

/** Smaller arguments are left to the collector. */
const LEAST_FREED = 64 * 1024;

/**
 * Uses bytes that the glue has copied out of the guest for this call, and gives their memory back at once: the collector
 * lets tens of megabytes pile up first when a guest writes a long file.
 */
function consumed<Value>(contents: Uint8Array, act: () => Value): Value {
  try {
    return act();
  } finally {
    const { buffer } = contents;
    const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === contents.length && !buffer.resizable;
    if (isOwn && contents.length >= LEAST_FREED) buffer.transfer(0);
  }
}
