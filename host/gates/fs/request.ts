import { hash } from 'node:crypto';
import {
  isRefusal,
  NO_ATTRIBUTES,
  type Access,
  type AccessRequest,
  type Attributes,
  type Json,
  type Parsed,
  type Refusal,
} from '../../contracts/request.ts';
import type { NewTime, OpenHow } from '../../contracts/file-service.ts';
import type { Intention } from '../../contracts/gate.ts';
import type { FsConfig, FsMount } from './config.ts';
import { DEFAULT_PROTECTED_NAMES, isProtectedLink, protectionOf } from './protected-names.ts';
import { isInside, isName, pathOf, pathProblem, type PathProblem } from './virtual-path.ts';

/** The actions of this gate. */
export const FS_ACTIONS = ['fs:read', 'fs:write', 'fs:list', 'fs:stat', 'fs:create', 'fs:remove', 'fs:rename'] as const;
export type FsAction = (typeof FS_ACTIONS)[number];

/** What `arg.NAME` may test in a rule for files. */
export const FS_ARGUMENTS: readonly string[] = ['bytes', 'offset', 'length'];

/** Where a path leads: its mount and the names below it. Without a mount it leads nowhere. */
export interface Place {
  readonly mount: FsMount | undefined;
  readonly names: readonly string[];
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface PlaceTarget {
  readonly place: Place;
}
export interface ReadTarget extends PlaceTarget {
  readonly range: ByteRange | undefined;
}
export interface WriteTarget extends PlaceTarget {
  readonly contents: Uint8Array;
}
export interface ListTarget extends PlaceTarget {
  readonly after: string | undefined;
}
export interface RenameTarget {
  readonly source: Place;
  readonly target: Place;
  /** What was decided on besides, where it is a directory that is moved. */
  readonly below: Below | undefined;
}

export interface OpenTarget extends PlaceTarget {
  readonly how: OpenHow;
}
export interface StatusTarget extends PlaceTarget {
  readonly follow: boolean;
}
export interface TimesTarget extends StatusTarget {
  readonly accessed: NewTime;
  readonly modified: NewTime;
}
export interface LinkTarget extends PlaceTarget {
  /** As it is written into the link. */
  readonly target: string;
}

/** The record `range` of the WIT. */
export interface WitRange {
  readonly offset: bigint;
  readonly length: bigint;
}

const MAX_PAYLOAD_BYTES = 64 * 1024;
/** What the names below a directory that is moved may take of a record: no guest makes one as large as it likes. */
const MAX_MOVED_BYTES = 48 * 1024;

/** Why a call is refused before anything is decided. The texts are fixed. */
export type FsProblem =
  | PathProblem
  | 'source and target are not in one mount'
  | 'another mount lies below it'
  | 'too much lies below it'
  | 'truncated without being written'
  | 'a link to it would lead out of its mount';

const refuse = (action: FsAction, problem: FsProblem): Refusal => ({ refused: `path: ${problem}`, action });

/** Where paths lead that go over links, for a request that is decided the second time. */
export type Leads = ReadonlyMap<string, string>;
export const NO_LINKS: Leads = new Map();

/** All names below a directory, relative to it, each with those below it: `a`, `a/b`. */
export type Below = readonly string[];

/** Paths that are remembered in canonical form; longer ones are rare and not worth the memory. */
const MOST_REMEMBERED = 512;
const LONGEST_REMEMBERED = 256;

/** Turns the guest's arguments into canonical requests. Pure; the only parser of this gate. */
export function createFsParser(config: FsConfig) {
  const mounts = new Map(config.mounts.map((mount) => [mount.path, mount]));
  const remembered = new Map<string, AccessRequest<ReadTarget>>();

  const root = mounts.get('/');

  function placeOf(path: string): Place {
    // No two mounts but that of `/` overlap: the first that fits is the longest.
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const mount = mounts.get(end < 0 ? path : path.slice(0, end));
      if (mount !== undefined) return { mount, names: end < 0 ? [] : path.slice(end + 1).split('/') };
      if (end < 0) return { mount: root, names: root === undefined ? [] : path.slice(1).split('/') };
    }
  }

  function accessTo(action: FsAction, resource: string, attributes: Attributes, place: Place): Access {
    const protection = protectionOf(resource, action, place.mount?.protect ?? DEFAULT_PROTECTED_NAMES);
    return protection === undefined ? { action, resource, attributes } : { action, resource, attributes, protection };
  }

  /** An access beside others: which of the names a rule names cannot be told, so none may be protected at all. */
  function joint(action: FsAction, resource: string, attributes: Attributes = NO_ATTRIBUTES): Access {
    const access = accessTo(action, resource, attributes, placeOf(resource));
    return access.protection === undefined ? access : { ...access, protection: 'always' };
  }

  const renameAccesses = (source: string, target: string): readonly [Access, ...Access[]] => [
    joint('fs:rename', source),
    joint('fs:rename', target),
    joint('fs:write', target),
  ];

  function one<Target extends PlaceTarget>(
    action: FsAction,
    path: string,
    rest: Omit<Target, 'place'>,
    leads: Leads,
    attributes: Attributes = NO_ATTRIBUTES,
    shown: Shown = NOTHING_SHOWN,
  ): Parsed<Target> {
    const problem = pathProblem(path);
    if (problem !== undefined) return refuse(action, problem);
    const real = leads.get(path);
    const place = placeOf(real ?? path);
    const target = { ...rest, place } as Target; // `rest` is the target without its place
    if (real === undefined) return request([accessTo(action, path, attributes, place)], target, shown);
    return request([joint(action, path, attributes), joint(action, real, attributes)], target, shown);
  }

  function written(path: string, contents: Uint8Array, leads: Leads, append: boolean): Parsed<WriteTarget> {
    const attributes = new Map([['bytes', contents.length]]);
    const parsed = one<WriteTarget>('fs:write', path, { contents }, leads, attributes);
    if (isRefusal(parsed)) return parsed;
    const { accesses, target } = parsed;
    const digest = target.place.mount?.digests === false ? {} : { sha256: hash('sha256', contents, 'hex') };
    const summary = { bytes: contents.length, ...digest, ...(append ? { append } : {}) };
    const partial = target.place.mount?.digests === false && contents.length > MAX_PAYLOAD_BYTES;
    return request(accesses, target, { summary, payload: () => payloadOf(contents), partial });
  }

  function readWhole(path: string, leads: Leads): Parsed<ReadTarget> {
    const known = leads.size === 0 ? remembered.get(path) : undefined;
    if (known !== undefined) return known;
    const parsed = one<ReadTarget>('fs:read', path, { range: undefined }, leads);
    if (isRefusal(parsed) || leads.size > 0 || path.length > LONGEST_REMEMBERED) return parsed;
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(path, parsed);
    return parsed;
  }

  return Object.freeze({
    read(path: string, wit: WitRange | undefined, leads: Leads = NO_LINKS): Parsed<ReadTarget> {
      if (wit === undefined) return readWhole(path, leads);
      const range = { offset: clamp(wit.offset), length: clamp(wit.length) };
      const attributes = new Map([
        ['offset', range.offset],
        ['length', range.length],
      ]);
      return one<ReadTarget>('fs:read', path, { range }, leads, attributes, { summary: { ...range } });
    },
    write: (path: string, contents: Uint8Array, leads: Leads = NO_LINKS) => written(path, contents, leads, false),
    append: (path: string, contents: Uint8Array, leads: Leads = NO_LINKS) => written(path, contents, leads, true),
    list(path: string, cursor: string | undefined, leads: Leads = NO_LINKS): Parsed<ListTarget> {
      if (cursor !== undefined && !isName(cursor))
        return { refused: 'cursor: not one that was given', action: 'fs:list' };
      return one<ListTarget>('fs:list', path, { after: cursor }, leads);
    },
    stat: (path: string, leads: Leads = NO_LINKS) => one<PlaceTarget>('fs:stat', path, {}, leads),
    makeDirectory: (path: string, leads: Leads = NO_LINKS) => one<PlaceTarget>('fs:create', path, {}, leads),
    remove: (path: string, leads: Leads = NO_LINKS) => one<PlaceTarget>('fs:remove', path, {}, leads),

    /** A directory takes the names below it along: each is decided as if it were moved by itself. */
    rename(from: string, to: string, leads: Leads = NO_LINKS, below?: Below): Parsed<RenameTarget> {
      const problem = pathProblem(from) ?? pathProblem(to);
      if (problem !== undefined) return refuse('fs:rename', problem);
      const [realFrom, realTo] = [leads.get(from) ?? from, leads.get(to) ?? to];
      const [source, target] = [placeOf(realFrom), placeOf(realTo)];
      // CWE-62: between two mounts the rights of one would follow the file into the other.
      if (source.mount !== target.mount && source.mount !== undefined && target.mount !== undefined) {
        return refuse('fs:rename', 'source and target are not in one mount');
      }
      const named = [from, to, realFrom, realTo];
      if (below !== undefined && config.mounts.some(({ path }) => named.some((name) => liesBelow(path, name))))
        return refuse('fs:rename', 'another mount lies below it');
      const moves: (readonly [string, string])[] = [[from, to]];
      if (leads.size > 0) moves.push([realFrom, realTo]);
      const inside = (below ?? []).flatMap((name) =>
        moves.flatMap(([source, target]) => renameAccesses(pathOf(source, [name]), pathOf(target, [name]))),
      );
      const problemBelow = inside.map(({ resource }) => pathProblem(resource)).find((found) => found !== undefined);
      if (problemBelow !== undefined) return refuse('fs:rename', problemBelow);
      if (recordBytesOf(inside) > MAX_MOVED_BYTES) return refuse('fs:rename', 'too much lies below it');
      const others = leads.size === 0 ? [] : renameAccesses(realFrom, realTo);
      const all = [...renameAccesses(from, to), ...others, ...inside] as const;
      return request(all, { source, target, below }, NOTHING_SHOWN);
    },

    /** Opens a file, as POSIX does: what it may be used for is decided now. */
    open(path: string, how: OpenHow, leads: Leads = NO_LINKS): Parsed<OpenTarget> {
      const [first, ...others] = actionsOf(how);
      const problem = pathProblem(path) ?? (how.truncate && !how.write ? 'truncated without being written' : undefined);
      if (problem !== undefined) return refuse(first, problem);
      const real = leads.get(path);
      const place = placeOf(real ?? path);
      const shown = { summary: { how: HOWS.filter((name) => how[name]) }, ...(how.write ? WRITTEN_LATER : {}) };
      if (real === undefined && others.length === 0)
        return request([accessTo(first, path, NO_ATTRIBUTES, place)], { place, how }, shown);
      const more = real === undefined ? [] : [first, ...others].map((action) => joint(action, real));
      const accesses = [joint(first, path), ...others.map((action) => joint(action, path)), ...more] as const;
      return request(accesses, { place, how }, shown);
    },
    status: (path: string, follow: boolean, leads: Leads = NO_LINKS) =>
      one<StatusTarget>('fs:stat', path, { follow }, leads),
    setTimes(path: string, rest: Omit<TimesTarget, 'place'>, leads: Leads = NO_LINKS): Parsed<TimesTarget> {
      const summary = { accessed: timeText(rest.accessed), modified: timeText(rest.modified) };
      return one<TimesTarget>('fs:write', path, rest, leads, NO_ATTRIBUTES, { summary });
    },
    readLink: (path: string, leads: Leads = NO_LINKS) => one<PlaceTarget>('fs:stat', path, {}, leads),

    /** A link makes its target readable, and writable, under another name for all that follow it: not only for guests. */
    symbolicLink(target: string, path: string, leads: Leads = NO_LINKS): Parsed<LinkTarget> {
      const parsed = one<LinkTarget>('fs:create', path, { target }, leads);
      if (isRefusal(parsed)) return parsed;
      const { mount, names } = parsed.target.place;
      if (mount === undefined) return parsed;
      const lead = linkLead(names, target);
      const full = lead && pathOf(mount.path, lead);
      if (full === undefined || pathProblem(full) !== undefined)
        return refuse('fs:create', 'a link to it would lead out of its mount');
      const real = leads.get(path);
      const never = (access: Access, holds: boolean): Access => (holds ? { ...access, protection: 'always' } : access);
      const made = (name: string): Access => never(joint('fs:create', name), isProtectedLink(name, mount.protect));
      const others = real === undefined ? [] : [made(real)];
      const linked = never(joint('fs:read', full), protectionOf(full, 'fs:write', mount.protect) !== undefined);
      return request([made(path), ...others, linked], parsed.target, { summary: { target } });
    },

    /** A second name for a file would be a second resource: the host does not make one, whatever the policy says. */
    hardLink(source: string, target: string): Parsed<undefined> {
      const problem = pathProblem(source) ?? pathProblem(target);
      if (problem !== undefined) return refuse('fs:create', problem);
      const never = { attributes: NO_ATTRIBUTES, protection: 'always' } as const;
      const accesses = [
        { ...never, action: 'fs:create', resource: target },
        { ...never, action: 'fs:read', resource: source },
      ] as const;
      return request(accesses, undefined, NOTHING_SHOWN);
    },

    intention({ action, resource, attributes }: Intention): Parsed<undefined> {
      const known = FS_ACTIONS.find((name) => name === action);
      if (known === undefined) return { refused: 'action: not one of this capability', action };
      const to = attributes.get('target');
      const paths = known === 'fs:rename' && typeof to === 'string' ? [resource, to] : [resource];
      const problem = paths.map(pathProblem).find((found) => found !== undefined);
      if (problem !== undefined) return refuse(known, problem);
      const named = new Map([...attributes].filter(([name, value]) => isFsArgument(name) && typeof value === 'number'));
      const accesses =
        paths[1] === undefined
          ? ([accessTo(known, resource, named, placeOf(resource))] as const)
          : renameAccesses(resource, paths[1]);
      return request(accesses, undefined, NOTHING_SHOWN);
    },
  });
}
export type FsParser = ReturnType<typeof createFsParser>;

const recordBytesOf = (accesses: readonly Access[]): number =>
  accesses.reduce((sum, { action, resource }) => sum + Buffer.byteLength(JSON.stringify({ action, resource })) + 1, 0);

const liesBelow = (path: string, folder: string): boolean => path !== folder && isInside(path, folder);

const HOWS = ['read', 'write', 'create', 'exclusive', 'truncate', 'follow'] as const;

/** What an open file is decided as: nothing but looking at it is `fs:stat`. */
function actionsOf({ read, write, create, truncate }: OpenHow): readonly [FsAction, ...FsAction[]] {
  if (write || create || truncate) return read ? ['fs:read', 'fs:write'] : ['fs:write'];
  return [read ? 'fs:read' : 'fs:stat'];
}

const timeText = (time: NewTime): string => (typeof time === 'string' ? time : `${time.ns} ns`);

/**
 * The names that a relative target leads to, from the directory of the link. Up comes first: a `..` after a name would
 * lead elsewhere if that name is a link.
 */
export function linkLead(names: readonly string[], target: string): readonly string[] | undefined {
  const steps = target.split('/');
  const up = steps.findIndex((step) => step !== '..');
  const [ups, down] = up < 0 ? [steps.length, []] : [up, steps.slice(up)];
  const folder = names.slice(0, -1);
  if (ups > folder.length || !down.every(isName)) return undefined;
  return [...folder.slice(0, folder.length - ups), ...down];
}

interface Shown {
  readonly summary: AccessRequest<unknown>['summary'];
  readonly payload?: () => { readonly [key: string]: Json };
  readonly partial?: boolean;
}
const NOTHING_SHOWN: Shown = { summary: {} };
/** What whoever is asked about an opening has to know of it. */
const WRITTEN_LATER: Omit<Shown, 'summary'> = {
  payload: () => ({ contents: 'not known yet: whatever is written while it is open' }),
};

function request<Target>(
  accesses: readonly [Access, ...Access[]],
  target: Target,
  shown: Shown,
): AccessRequest<Target> {
  const { summary, payload, partial } = shown;
  if (payload === undefined) return { capability: 'fs', accesses, target, summary };
  // The payload is made only where a rule asks for it: decoding every write would cost more than deciding it.
  const unbound = partial === true ? ({ partial } as const) : {};
  return Object.defineProperty({ capability: 'fs', accesses, target, summary, ...unbound }, 'payload', {
    get: payload,
    enumerable: true,
  });
}

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
/** No file is that large, so a greater number means the same. */
const clamp = (value: bigint): number => Number(value > LARGEST ? LARGEST : value);

function payloadOf(contents: Uint8Array): { readonly [key: string]: Json } {
  const start = contents.subarray(0, MAX_PAYLOAD_BYTES);
  const cut: Record<string, Json> = start.length < contents.length ? { cut: true } : {};
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(start), ...cut };
  } catch {
    return { base64: Buffer.from(start).toString('base64'), ...cut };
  }
}

/** Whether a rule for files may test `arg.NAME`. */
export const isFsArgument = (name: string): boolean => FS_ARGUMENTS.includes(name);
