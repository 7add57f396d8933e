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
import type { Intention } from '../../contracts/gate.ts';
import type { FsConfig, FsMount } from './config.ts';
import { DEFAULT_PROTECTED_NAMES, protectionOf } from './protected-names.ts';
import { isName, pathProblem } from './virtual-path.ts';

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
}

/** The record `range` of the WIT. */
export interface WitRange {
  readonly offset: bigint;
  readonly length: bigint;
}

const MAX_PAYLOAD_BYTES = 64 * 1024;

const refuse = (action: FsAction, problem: string): Refusal => ({ refused: `path: ${problem}`, action });

/** Where paths lead that go over links, for a request that is decided the second time. */
export type Leads = ReadonlyMap<string, string>;
export const NO_LINKS: Leads = new Map();

/** Paths that are remembered in canonical form; longer ones are rare and not worth the memory. */
const MOST_REMEMBERED = 512;
const LONGEST_REMEMBERED = 256;

/** Turns the guest's arguments into canonical requests. Pure; the only parser of this gate. */
export function createFsParser(config: FsConfig) {
  const mounts = new Map(config.mounts.map((mount) => [mount.path, mount]));
  const remembered = new Map<string, AccessRequest<ReadTarget>>();

  function placeOf(path: string): Place {
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const mount = mounts.get(end < 0 ? path : path.slice(0, end));
      if (mount !== undefined) return { mount, names: end < 0 ? [] : path.slice(end + 1).split('/') };
      if (end < 0) return { mount: undefined, names: [] };
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
    return request(accesses, target, { summary, payload: () => payloadOf(contents) });
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

    rename(from: string, to: string, leads: Leads = NO_LINKS): Parsed<RenameTarget> {
      const problem = pathProblem(from) ?? pathProblem(to);
      if (problem !== undefined) return refuse('fs:rename', problem);
      const [realFrom, realTo] = [leads.get(from) ?? from, leads.get(to) ?? to];
      const [source, target] = [placeOf(realFrom), placeOf(realTo)];
      // CWE-62: between two mounts the rights of one would follow the file into the other.
      if (source.mount !== target.mount && source.mount !== undefined && target.mount !== undefined) {
        return refuse('fs:rename', 'source and target are not in one mount');
      }
      const accesses = renameAccesses(from, to);
      const all = leads.size === 0 ? accesses : ([...accesses, ...renameAccesses(realFrom, realTo)] as const);
      return request(all, { source, target }, NOTHING_SHOWN);
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

interface Shown {
  readonly summary: AccessRequest<unknown>['summary'];
  readonly payload?: () => { readonly [key: string]: Json };
}
const NOTHING_SHOWN: Shown = { summary: {} };

function request<Target>(
  accesses: readonly [Access, ...Access[]],
  target: Target,
  shown: Shown,
): AccessRequest<Target> {
  const { summary, payload } = shown;
  if (payload === undefined) return { capability: 'fs', accesses, target, summary };
  // The payload is made only where a rule asks for it: decoding every write would cost more than deciding it.
  return Object.defineProperty({ capability: 'fs', accesses, target, summary }, 'payload', {
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
