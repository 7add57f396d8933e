import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Obligations, RuleRef } from '../../../host/contracts/decision.ts';
import type { Access } from '../../../host/contracts/request.ts';
import { createFsGate } from '../../../host/gates/fs/index.ts';
import type { FsConfig, FsMount } from '../../../host/gates/fs/config.ts';
import type { FileEntry, MountFiles } from '../../../host/gates/fs/files.ts';
import { DEFAULT_PROTECTED_NAMES } from '../../../host/gates/fs/protected-names.ts';
import type { FsError } from '../../../host/gates/fs/wit-error.ts';
import { createMountFiles } from '../../../host/powers/mount-files.ts';
import type { PathResolution } from '../../../host/powers/path-resolution.ts';
import { createRandom } from '../../../host/powers/random.ts';
import { testPipeline } from '../../support/pipeline.ts';

/** `sallyport:agent/fs` as a guest sees it. */
export interface GuestFs {
  read(path: string, range?: { offset: bigint; length: bigint }): Promise<Uint8Array>;
  write(path: string, contents: Uint8Array): Promise<undefined>;
  append(path: string, contents: Uint8Array): Promise<undefined>;
  list(path: string, cursor?: string): Promise<{ entries: FileEntry[]; next: string | undefined }>;
  stat(path: string): Promise<{ kind: string; size: bigint; modifiedMs: bigint }>;
  makeDirectory(path: string): Promise<undefined>;
  remove(path: string): Promise<undefined>;
  rename(source: string, target: string): Promise<undefined>;
}

export interface FsFixtureOptions {
  readonly allow?: (access: Access) => boolean;
  readonly rules?: readonly RuleRef[];
  readonly obligations?: Obligations;
  readonly mount?: Partial<FsMount>;
  readonly more?: (folder: string) => FsMount[];
  readonly callBytes?: number;
  readonly auditFailsAt?: number;
  /** The generation of the policy, now. */
  readonly generation?: () => number;
  readonly files?: (real: MountFiles) => MountFiles;
  /** How the files are reached; as in a run where absent. */
  readonly resolution?: 'walk' | 'openat2';
}

/** A mount as the configuration makes it where it says nothing: `rw`, 1 MiB a file. */
export const mountOf = (path: string, directory: string, rest: Partial<FsMount> = {}): FsMount => ({
  path,
  directory,
  access: 'rw',
  maxFileBytes: 1 << 20,
  sync: false,
  digests: true,
  symlinks: 'refuse',
  protect: DEFAULT_PROTECTED_NAMES,
  ...rest,
});

/** The files of this machine, reached in one way. */
export const realFiles = (resolution: 'auto' | PathResolution = 'auto'): MountFiles =>
  createMountFiles({ random: createRandom(), resolution });

/** A gate over a real directory `/workspace`, with a directory `outside` beside it. */
export function fsFixture(options: FsFixtureOptions = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-fs-')));
  const [root, outside] = [join(folder, 'workspace'), join(folder, 'outside')];
  mkdirSync(root);
  mkdirSync(outside);
  const mount = mountOf('/workspace', root, options.mount);
  const config: FsConfig = { mounts: [mount, ...(options.more?.(folder) ?? [])] };
  const policy = testPipeline({
    allow: options.allow ?? (() => true),
    ...(options.rules ? { rules: options.rules } : {}),
    ...(options.obligations ? { obligations: options.obligations } : {}),
    ...(options.generation ? { generation: options.generation } : {}),
    ...(options.auditFailsAt === undefined ? {} : { auditFailsAt: options.auditFailsAt }),
  });
  const real = realFiles(options.resolution);
  const files = options.files?.(real) ?? real;
  const gate = createFsGate({ pipeline: policy.pipeline, config, files, callBytes: options.callBytes ?? 1 << 20 });
  const fs = asGuest(gate.imports.get('sallyport:agent/fs') ?? {});
  return {
    ...policy,
    gate,
    fs,
    folder,
    root,
    outside,
    [Symbol.dispose](): void {
      void gate.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The interface as a guest sees it, where a call that fails at once is a promise that fails: tests treat both alike. */
function asGuest(members: object): GuestFs {
  const later = Object.entries(members as Record<string, (...values: unknown[]) => unknown>).map(
    ([name, member]) => [name, async (...values: unknown[]) => Promise.resolve(member(...values))] as const,
  );
  return Object.fromEntries(later) as unknown as GuestFs; // the glue types imports by WIT, not by TypeScript
}

/** The WIT error that a call ends with. */
export async function fsErrorOf(call: Promise<unknown>): Promise<FsError> {
  const answer: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (typeof answer !== 'object' || answer === null || !('payload' in answer)) {
    throw new Error(`no WIT error: ${String(answer)}`);
  }
  return answer.payload as FsError; // whatever a gate throws is a payload of its own error variant
}

/** The tag of the WIT error, with the reason of a denial. */
export async function fsTagOf(call: Promise<unknown>): Promise<string> {
  const error = await fsErrorOf(call);
  return error.tag === 'denied' ? `denied:${error.val.reason}` : error.tag;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (contents: Uint8Array): string => new TextDecoder().decode(contents);
