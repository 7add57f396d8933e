import type { DriverResult, OutcomeFacts } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { FsConfig, FsMount } from './config.ts';
import type { ByteRange, ListTarget, Place, PlaceTarget } from './request.ts';
import { isName } from './virtual-path.ts';
import type { ReadTarget, RenameTarget, WriteTarget } from './request.ts';

export type FileKind = 'file' | 'directory' | 'other';

/** Why the files of a mount did not do what was asked. */
export type FsFailure =
  | 'not-found'
  | 'already-exists'
  | 'not-a-file'
  | 'not-a-directory'
  | 'not-empty'
  | 'read-only'
  | 'too-large'
  | 'no-space';

/** `forbidden`: the object is there and may not be touched (another file system, a hard link, no permission). */
export type FileResult<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: FsFailure | 'forbidden' };

export interface FileMetadata {
  readonly kind: FileKind;
  readonly size: number;
  readonly modifiedMs: number;
}
export interface FileEntry {
  readonly name: string;
  readonly kind: FileKind;
}
export interface FileListing {
  /** In the order of the names' UTF-8 bytes. */
  readonly entries: readonly FileEntry[];
  readonly more: boolean;
  /** Entries whose names cannot be asked for. */
  readonly skipped: number;
}

/** One directory of the host and what is below it, reached by names; links are never followed. */
export interface FileTree {
  /** The bytes hold until the next read: the glue copies them into the guest before it can ask for more. */
  read(names: readonly string[], range: ByteRange | undefined, mostBytes: number): FileResult<Uint8Array>;
  /** Replaces or creates a whole file; nobody sees a part of it. */
  write(names: readonly string[], contents: Uint8Array, options: { readonly sync: boolean }): FileResult<undefined>;
  append(names: readonly string[], contents: Uint8Array, options: AppendOptions): FileResult<undefined>;
  list(names: readonly string[], options: ListOptions): FileResult<FileListing>;
  stat(names: readonly string[]): FileResult<FileMetadata>;
  makeDirectory(names: readonly string[]): FileResult<undefined>;
  remove(names: readonly string[]): FileResult<undefined>;
  rename(source: readonly string[], target: readonly string[]): FileResult<undefined>;
  /** Where the names lead when links are followed that stay in the tree; `keep` does not follow the last one. */
  resolve(names: readonly string[], last: 'follow' | 'keep'): FileResult<readonly string[]>;
  /** Closes every descriptor. */
  close(): void;
}
export interface AppendOptions {
  readonly sync: boolean;
  /** The size that the file may reach. */
  readonly mostBytes: number;
}
export interface ListOptions {
  /** Only names after this one. */
  readonly after: string | undefined;
  readonly most: number;
  readonly accept: (name: string) => boolean;
}

/** What a mount may hold: the sizes that its files show, and how many files and directories there are. */
export interface QuotaLimits {
  readonly bytes: number;
  readonly files: number;
}
export interface MountShape {
  readonly access: 'ro' | 'rw';
  readonly quota?: QuotaLimits;
}

/** The directories of this machine that mounts show. */
export interface MountFiles {
  /** Throws `HostError` if the directory cannot be held, or `ERR_PLATFORM` if it cannot be held safely. */
  open(directory: string, shape: MountShape): FileTree;
}

export interface FsDriverOptions {
  readonly config: FsConfig;
  readonly files: MountFiles;
  readonly redeem: Redeem;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
}

/** The record `page` of the WIT. */
export interface Page {
  readonly entries: readonly FileEntry[];
  readonly next: string | undefined;
}

/** Nothing was done, because a name led over a link: what it leads to has to be decided as well. */
export interface LinkFound {
  /** Canonical paths by those that were asked for. */
  readonly leads: ReadonlyMap<string, string>;
}

/** Effects on files end before the guest has its answer. */
type Result<Value> = Exclude<DriverResult<Value, FsFailure | LinkFound>, { readonly status: 'begun' }>;

const PAGE_ENTRIES = 1000;
/** What an entry may weigh: a name of the greatest length and its kind. */
const ENTRY_BYTES = 256;

/** Performs one decided effect on the files of the mounts. */
export function createFsDriver(options: FsDriverOptions) {
  const { config, files, redeem, callBytes } = options;
  const most = Math.max(1, Math.min(PAGE_ENTRIES, Math.floor(callBytes / ENTRY_BYTES)));
  const trees = new Map<FsMount, FileTree>();
  const closeAll = (): void => {
    for (const tree of trees.values()) tree.close();
    trees.clear();
  };
  try {
    for (const mount of config.mounts) trees.set(mount, files.open(mount.directory, mount));
  } catch (error) {
    closeAll();
    throw error;
  }

  /** The tree of a place, or why nothing can be done there. */
  function reach(place: Place, change: boolean): Reached | Result<never> {
    const tree = place.mount && trees.get(place.mount);
    if (place.mount === undefined || tree === undefined) return failed('not-found');
    if (change && place.mount.access === 'ro') return failed('read-only');
    return { tree, mount: place.mount, names: place.names };
  }

  /** The end of an effect; where it ended at a link, where that leads. */
  function finish<Value>(
    result: FileResult<Value>,
    places: readonly Reached[],
    last: 'follow' | 'keep',
  ): Result<Value> {
    if (result.ok) return { status: 'ok', value: result.value };
    const leads = AT_LINK.has(result.failure) ? leadsOf(places, last) : NO_LEADS;
    if (leads.size > 0) return { status: 'failed', failure: { leads }, code: 'link' };
    return result.failure === 'forbidden' ? { status: 'denied', reason: 'protected-resource' } : failed(result.failure);
  }

  function onPlace<Value>(
    claim: Claim<PlaceTarget>,
    options: { readonly change: boolean; readonly last: 'follow' | 'keep' },
    act: (reached: Reached) => FileResult<Value>,
  ): Result<Value> {
    const reached = reach(claim.target.place, options.change);
    return 'status' in reached ? reached : finish(act(reached), [reached], options.last);
  }

  function written(
    grant: Grant<WriteTarget>,
    act: (reached: Reached, contents: Uint8Array) => FileResult<undefined>,
  ): Result<undefined> {
    const claim = redeem(grant);
    const { contents } = claim.target;
    const result = onPlace(claim, CHANGE, (reached) =>
      contents.length > Math.min(callBytes, reached.mount.maxFileBytes) ? TOO_LARGE : act(reached, contents),
    );
    return withFacts(result, { bytesOut: contents.length });
  }

  return Object.freeze({
    read(grant: Grant<ReadTarget>): Result<Uint8Array> {
      const claim = redeem(grant);
      const { range } = claim.target;
      const result = onPlace(claim, LOOK, ({ tree, names }) => tree.read(names, range, callBytes));
      return result.status === 'ok' ? withFacts(result, { bytesIn: result.value.length }) : result;
    },
    write: (grant: Grant<WriteTarget>) =>
      written(grant, ({ tree, mount, names }, contents) => tree.write(names, contents, { sync: mount.sync })),
    append: (grant: Grant<WriteTarget>) =>
      written(grant, ({ tree, mount, names }, contents) =>
        tree.append(names, contents, { sync: mount.sync, mostBytes: mount.maxFileBytes }),
      ),
    list(grant: Grant<ListTarget>): Result<Page> {
      const claim = redeem(grant);
      const { after } = claim.target;
      const result = onPlace(claim, LOOK, ({ tree, names }) => tree.list(names, { after, most, accept: isName }));
      if (result.status !== 'ok') return result;
      const { entries, more, skipped } = result.value;
      const page = { entries, next: more ? entries.at(-1)?.name : undefined };
      return { status: 'ok', value: page, facts: { detail: { entries: entries.length, skipped } } };
    },
    stat: (grant: Grant<PlaceTarget>) =>
      onPlace(redeem(grant), LOOK, (reached) => {
        const result = reached.tree.stat(reached.names);
        const isLink = result.ok && result.value.kind === 'other' && leadsOf([reached], 'follow').size > 0;
        return isLink ? AT_A_LINK : result;
      }),
    makeDirectory: (grant: Grant<PlaceTarget>) =>
      onPlace(redeem(grant), NAME, ({ tree, names }) => tree.makeDirectory(names)),
    remove: (grant: Grant<PlaceTarget>) => onPlace(redeem(grant), NAME, ({ tree, names }) => tree.remove(names)),
    rename(grant: Grant<RenameTarget>): Result<undefined> {
      const { source, target } = redeem(grant).target;
      const from = reach(source, true);
      if ('status' in from) return from;
      const to = reach(target, true);
      return 'status' in to ? to : finish(from.tree.rename(from.names, to.names), [from, to], 'keep');
    },
    close: closeAll,
  });
}

interface Reached {
  readonly tree: FileTree;
  readonly mount: FsMount;
  readonly names: readonly string[];
}

const TOO_LARGE = { ok: false, failure: 'too-large' } as const;
const AT_A_LINK = { ok: false, failure: 'not-a-file' } as const;

/** How an effect treats its mount and the last name. */
const LOOK = { change: false, last: 'follow' } as const;
const CHANGE = { change: true, last: 'follow' } as const;
const NAME = { change: true, last: 'keep' } as const;

/** How an effect ends at a link: it is no file, and no directory. */
const AT_LINK: ReadonlySet<FsFailure | 'forbidden'> = new Set(['not-a-file', 'not-a-directory']);
const NO_LEADS: LinkFound['leads'] = new Map();

/** Where the names lead that go over links, in mounts that follow them; nothing else. */
function leadsOf(places: readonly Reached[], last: 'follow' | 'keep'): LinkFound['leads'] {
  const leads = new Map<string, string>();
  for (const { tree, mount, names } of places) {
    if (mount.symlinks === 'refuse') continue;
    const found = tree.resolve(names, last);
    if (!found.ok || !found.value.every(isName)) continue;
    const [path, real] = [names, found.value].map((list) => [mount.path, ...list].join('/'));
    if (path !== undefined && real !== undefined && path !== real) leads.set(path, real);
  }
  return leads;
}

const failed = (failure: FsFailure): Result<never> => ({ status: 'failed', failure, code: failure });

const withFacts = <Value>(result: Result<Value>, facts: OutcomeFacts): Result<Value> =>
  result.status === 'ok' ? { ...result, facts } : result;
