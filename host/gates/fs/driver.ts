import type { DriverResult, OutcomeFacts } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { Redaction, Redactors } from '../../redaction/redactor.ts';
import type { FileEntry, FileResult, FsFailure } from './files.ts';
import { leadsOf, type LinkFound } from './link-leads.ts';
import type { MountTrees, Reached } from './mount-trees.ts';
import type { Leads, ListTarget, Place, PlaceTarget, ReadTarget, RenameTarget, WriteTarget } from './request.ts';
import { NO_LINKS } from './request.ts';
import { mediaTypeOf } from './redacted-handle.ts';
import { isName } from './virtual-path.ts';

export interface FsDriverOptions {
  readonly trees: MountTrees;
  readonly redeem: Redeem;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
  readonly redactors: Redactors;
}

/** The record `page` of the WIT. */
export interface Page {
  readonly entries: readonly FileEntry[];
  readonly next: string | undefined;
}

/** Effects on files end before the guest has its answer. */
type Result<Value> = Exclude<DriverResult<Value, FsFailure | LinkFound>, { readonly status: 'begun' }>;

const PAGE_ENTRIES = 1000;
/** What an entry may weigh: a name of the greatest length and its kind. */
const ENTRY_BYTES = 256;

/** Performs one decided effect on the files of the mounts. */
export function createFsDriver(options: FsDriverOptions) {
  const { trees, redeem, callBytes, redactors } = options;
  const most = Math.max(1, Math.min(PAGE_ENTRIES, Math.floor(callBytes / ENTRY_BYTES)));

  function reach(place: Place, change: boolean): Reached | Result<never> {
    const reached = trees.reach(place, change);
    return 'missing' in reached ? failed(reached.missing) : reached;
  }

  /** The end of an effect; where it ended at a link, where that leads. */
  function finish<Value>(
    result: FileResult<Value>,
    places: readonly Reached[],
    last: 'follow' | 'keep',
  ): Result<Value> {
    if (result.ok) return { status: 'ok', value: result.value };
    const leads: Leads = AT_LINK.has(result.failure) ? leadsOf(places, last) : NO_LINKS;
    if (leads.size > 0) return { status: 'failed', failure: { leads }, code: 'link', nothingDone: true };
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
    const redaction = redactors.begin(claim.obligations.redact);
    const { contents, place } = claim.target;
    const masked = redaction === undefined ? contents : redaction.body(contents, mediaTypeOf(place.names));
    if (redaction?.isCut() === true)
      return { status: 'denied', reason: 'unsupported-obligation', facts: { detail: { redact: 'binary-contents' } } };
    const room = { crowded: false };
    const result = onPlace(claim, CHANGE, (reached) => {
      if (masked.length > Math.min(callBytes, reached.mount.maxFileBytes)) return TOO_LARGE;
      room.crowded = !claim.takeBytes(masked.length);
      return room.crowded ? TOO_LARGE : act(reached, masked);
    });
    if (room.crowded) return USED_UP;
    return withFacts(result, { bytesOut: masked.length, ...dischargedOf(redaction) });
  }

  /** A part of a file is a part of what it shows as a whole: in pieces, nothing could be found. */
  function readMasked(
    claim: Claim<ReadTarget>,
    redaction: Redaction,
    mediaType: string | undefined,
  ): Result<Uint8Array> {
    const { range } = claim.target;
    const result = onPlace(claim, LOOK, ({ tree, names }) => tree.read(names, undefined, callBytes));
    if (result.status !== 'ok') return result;
    const whole = redaction.body(result.value, mediaType);
    const value = range === undefined ? whole : whole.subarray(range.offset, range.offset + range.length);
    if (!claim.takeBytes(value.length)) return USED_UP; // read, and handed to nobody
    return { status: 'ok', value, facts: { bytesIn: result.value.length, ...dischargedOf(redaction) } };
  }

  return Object.freeze({
    read(grant: Grant<ReadTarget>): Result<Uint8Array> {
      const claim = redeem(grant);
      const { range, place } = claim.target;
      const redaction = redactors.begin(claim.obligations.redact);
      if (redaction !== undefined) return readMasked(claim, redaction, mediaTypeOf(place.names));
      const result = onPlace(claim, LOOK, ({ tree, names }) => tree.read(names, range, callBytes));
      if (result.status !== 'ok') return result;
      if (!claim.takeBytes(result.value.length)) return USED_UP; // read, and handed to nobody
      return withFacts(result, { bytesIn: result.value.length });
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
      const shown = entries.map(({ name, type }) => ({ name, kind: type === 'link' ? 'other' : type }) as const);
      const page = { entries: shown, next: more ? entries.at(-1)?.name : undefined };
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
  });
}

/** Bytes found no room. */
const USED_UP = { status: 'denied', reason: 'budget-exhausted' } as const;
const TOO_LARGE = { ok: false, failure: 'too-large' } as const;
const AT_A_LINK = { ok: false, failure: 'not-a-file' } as const;

/** How an effect treats its mount and the last name. */
const LOOK = { change: false, last: 'follow' } as const;
const CHANGE = { change: true, last: 'follow' } as const;
const NAME = { change: true, last: 'keep' } as const;

/** How an effect ends at a link: it is no file, and no directory. */
const AT_LINK: ReadonlySet<FsFailure | 'forbidden'> = new Set(['not-a-file', 'not-a-directory']);
const failed = (failure: FsFailure): Result<never> => ({ status: 'failed', failure, code: failure });

const dischargedOf = (redaction: Redaction | undefined): OutcomeFacts =>
  redaction === undefined ? {} : { discharged: { redact: redaction.counts() } };

const withFacts = <Value>(result: Result<Value>, facts: OutcomeFacts): Result<Value> =>
  result.status === 'ok' ? { ...result, facts } : result;
