import type { DirectoryName, FileError, FileStatus, OpenFile } from '../../contracts/file-service.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { Redactors } from '../../redaction/redactor.ts';
import type { MountTrees, Reached } from './mount-trees.ts';
import { leadsOf, type LinkFound } from './link-leads.ts';
import { createOpenFile, type BegunFile } from './open-file.ts';
import type { PosixFiles, PosixResult } from './posix-files.ts';
import {
  linkLead,
  NO_LINKS,
  type Below,
  type LinkTarget,
  type ListTarget,
  type OpenTarget,
  type PlaceTarget,
  type RenameTarget,
  type StatusTarget,
  type TimesTarget,
} from './request.ts';
import { isRedactable, mediaTypeOf, redactedHandle } from './redacted-handle.ts';
import { isName } from './virtual-path.ts';

export interface FileDriverOptions {
  readonly trees: MountTrees;
  readonly redeem: Redeem;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
  readonly redactors: Redactors;
}

/** A part of a directory. */
export interface NamePage {
  readonly names: readonly DirectoryName[];
  readonly next: string | undefined;
}

type Result<Value> = DriverResult<Value, FileError | LinkFound>;
/** The end of an effect that ends before the guest has its answer. */
type Ended<Value> = Exclude<Result<Value>, { readonly status: 'begun' }>;
type Last = 'follow' | 'keep';

/** Files that a run may have open at a time: each holds a descriptor of this process. More are `busy`. */
const MOST_OPEN = 256;
const PAGE_NAMES = 1000;
/** Names that a directory may take along: each is decided, and stands in the record. Others are copied by programs. */
const TAKEN = { most: 256, accept: isName };

/** Performs one decided effect on the files of the mounts, as POSIX does. */
export function createFileDriver({ trees, redeem, callBytes, redactors }: FileDriverOptions) {
  const open = new Set<BegunFile>();

  function onPlace<Value>(
    { target }: Claim<PlaceTarget>,
    { change, last }: { readonly change: boolean; readonly last: Last },
    act: (reached: Reached) => PosixResult<Value>,
  ): Ended<Value> {
    const reached = trees.reach(target.place, change);
    return 'missing' in reached ? missing(reached) : finish(act(reached), [reached], last);
  }

  function begin(claim: Claim<OpenTarget>): Result<OpenFile> {
    const { how, place } = claim.target;
    const redaction = redactors.begin(claim.obligations.redact);
    if (redaction !== undefined && !isRedactable(how)) return failed('unsupported');
    const reached = trees.reach(place, how.write || how.create || how.truncate);
    if ('missing' in reached) return missing(reached);
    if (open.size >= MOST_OPEN) return failed('busy');
    const { tree, mount, names } = reached;
    const opened = tree.posix.open(names, how, { mostBytes: mount.maxFileBytes, sync: mount.sync });
    if (!opened.ok) return finish(opened, [reached], how.follow && !(how.create && how.exclusive) ? 'follow' : 'keep');
    const begun = createOpenFile({
      handle: redaction === undefined ? opened.value : redactedHandle(opened.value, how, redaction, mediaTypeOf(names)),
      how,
      redaction,
      stands: claim.stands,
      takeBytes: claim.takeBytes,
      callBytes,
      closed: () => open.delete(begun),
    });
    open.add(begun);
    return { status: 'begun', value: begun.file, ended: begun.ended };
  }

  return Object.freeze({
    open: (grant: Grant<OpenTarget>) => begin(redeem(grant)),
    status(grant: Grant<StatusTarget>): Result<FileStatus> {
      const claim = redeem(grant);
      const { follow } = claim.target;
      return onPlace(claim, { change: false, last: follow ? 'follow' : 'keep' }, ({ tree, names }) => {
        const found = tree.posix.status(names);
        return found.ok && found.value.type === 'link' && follow ? AT_A_LINK : found;
      });
    },
    list(grant: Grant<ListTarget>): Result<NamePage> {
      const claim = redeem(grant);
      const options = { after: claim.target.after, most: PAGE_NAMES, accept: isName };
      const result = onPlace(claim, { change: false, last: 'follow' }, ({ tree, names }) =>
        tree.posix.list(names, options),
      );
      if (result.status !== 'ok') return result;
      const { entries, more, skipped } = result.value;
      const page = { names: entries, next: more ? entries.at(-1)?.name : undefined };
      return { status: 'ok', value: page, facts: { detail: { entries: entries.length, skipped } } };
    },
    makeDirectory: (grant: Grant<PlaceTarget>) =>
      onPlace(redeem(grant), NAME, ({ tree, names }) => tree.posix.makeDirectory(names)),
    removeFile: (grant: Grant<PlaceTarget>) =>
      onPlace(redeem(grant), NAME, ({ tree, names }) => tree.posix.removeFile(names)),
    removeDirectory: (grant: Grant<PlaceTarget>) =>
      onPlace(redeem(grant), NAME, ({ tree, names }) => tree.posix.removeDirectory(names)),
    rename(grant: Grant<RenameTarget>): Result<undefined> {
      const { source, target, below } = redeem(grant).target;
      const from = trees.reach(source, true);
      if ('missing' in from) return missing(from);
      const to = trees.reach(target, true);
      if ('missing' in to) return missing(to);
      const { posix } = from.tree;
      if (below !== undefined) return moveTree(posix, { from, to, decided: below });
      const moved = posix.rename(from.names, to.names);
      if (moved.ok || moved.failure !== 'cross-device') return finish(moved, [from, to], 'keep');
      const found = posix.namesBelow(from.names, TAKEN);
      if (!found.ok) return finish(found, [from], 'keep');
      return {
        status: 'failed',
        failure: { leads: NO_LINKS, below: found.value },
        code: 'directory',
        nothingDone: true,
      };
    },
    setTimes(grant: Grant<TimesTarget>): Result<undefined> {
      const claim = redeem(grant);
      const { follow, accessed, modified } = claim.target;
      return onPlace(claim, { change: true, last: follow ? 'follow' : 'keep' }, ({ tree, names }) =>
        tree.posix.setTimes(names, accessed, modified),
      );
    },
    symbolicLink(grant: Grant<LinkTarget>): Result<undefined> {
      const claim = redeem(grant);
      const { target } = claim.target;
      return onPlace(claim, NAME, ({ tree, mount, names }) =>
        mount.symlinks === 'refuse' ? NOT_PERMITTED : tree.posix.symbolicLink(names, target),
      );
    },
    hardLink(grant: Grant<undefined>): Result<undefined> {
      redeem(grant);
      return { status: 'denied', reason: 'protected-resource' };
    },
    readLink: (grant: Grant<PlaceTarget>) =>
      onPlace(redeem(grant), { change: false, last: 'keep' }, ({ tree, names }) => {
        const found = tree.posix.readLink(names);
        // Where it leads to, outside, is nobody's business.
        return found.ok && linkLead(names, found.value) === undefined ? NOT_PERMITTED : found;
      }),
    /** Ends what is still open. */
    close(): void {
      for (const begun of open) begun.abandon();
    },
  });
}

interface TreeMove {
  readonly from: Reached;
  readonly to: Reached;
  readonly decided: Below;
}

/** Moves a directory, if what is below it is what was decided on. */
function moveTree(posix: PosixFiles, { from, to, decided }: TreeMove): Ended<undefined> {
  const found = posix.namesBelow(from.names, TAKEN);
  if (!found.ok) return finish(found, [from], 'keep');
  const isDecided =
    found.value.length === decided.length && found.value.every((name, index) => name === decided[index]);
  return isDecided ? finish(posix.moveDirectory(from.names, to.names), [from, to], 'keep') : failed('busy');
}

const NAME = { change: true, last: 'keep' } as const;
const AT_A_LINK = { ok: false, failure: 'link' } as const;
const NOT_PERMITTED = { ok: false, failure: 'not-permitted' } as const;

/** The end of an effect; where it ended at a link, where that leads. */
function finish<Value>(result: PosixResult<Value>, places: readonly Reached[], last: Last): Ended<Value> {
  if (result.ok) return { status: 'ok', value: result.value };
  const { failure } = result;
  const leads = failure === 'link' || failure === 'not-directory' ? leadsOf(places, last) : NO_LINKS;
  if (leads.size > 0) return { status: 'failed', failure: { leads }, code: 'link', nothingDone: true };
  if (failure === 'forbidden') return { status: 'denied', reason: 'protected-resource' };
  return failed(failure === 'link' ? 'loop' : failure);
}

const failed = (failure: FileError): Ended<never> => ({ status: 'failed', failure, code: failure });

const missing = ({ missing: why }: { readonly missing: 'not-found' | 'read-only' }): Ended<never> =>
  failed(why === 'not-found' ? 'no-entry' : why);
