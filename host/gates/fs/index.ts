import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { FsConfig } from './config.ts';
import { createFsDriver, type FileMetadata, type FsFailure, type MountFiles, type Page } from './driver.ts';
import { createFsParser, type WitRange } from './request.ts';
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

  function enforce<Target, Value>(
    parse: () => Parsed<Target>,
    perform: (grant: Grant<Target>) => DriverResult<Value, FsFailure>,
  ): Value {
    return fsAnswer(pipeline.enforceNow({ capability: 'fs', discharges: DISCHARGES, parse, perform }));
  }

  const fs = sealInterface({
    read: (path: string, range: WitRange | undefined): Uint8Array =>
      enforce(() => parser.read(path, range), driver.read),
    write: (path: string, contents: Uint8Array): undefined => enforce(() => parser.write(path, contents), driver.write),
    append: (path: string, contents: Uint8Array): undefined =>
      enforce(() => parser.append(path, contents), driver.append),
    list: (path: string, cursor: string | undefined): Page => enforce(() => parser.list(path, cursor), driver.list),
    stat(path: string): WitMetadata {
      const { kind, size, modifiedMs } = enforce(() => parser.stat(path), driver.stat);
      return { kind, size: BigInt(size), modifiedMs: BigInt(modifiedMs) };
    },
    makeDirectory: (path: string): undefined => enforce(() => parser.makeDirectory(path), driver.makeDirectory),
    remove: (path: string): undefined => enforce(() => parser.remove(path), driver.remove),
    rename: (source: string, target: string): undefined => enforce(() => parser.rename(source, target), driver.rename),
  });

  return Object.freeze({
    capability: 'fs',
    discharges: DISCHARGES,
    imports: new Map([[FS_INTERFACE.name, fs]]),
    intention: parser.intention,
    close: driver.close,
  });
}
