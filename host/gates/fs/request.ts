import { hash } from 'node:crypto';
import {
  NO_ATTRIBUTES,
  type Access,
  type AccessRequest,
  type Attributes,
  type Json,
  type Parsed,
  type Protection,
  type Refusal,
} from '../../contracts/request.ts';
import type { Intention } from '../../contracts/gate.ts';
import type { FsConfig, FsMount } from './config.ts';

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

const MAX_PATH_BYTES = 4096;
const MAX_SEGMENTS = 64;
const MAX_SEGMENT_BYTES = 255;
const MAX_PAYLOAD_BYTES = 64 * 1024;

const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** Why a text is not a canonical path; `undefined` if it is one. The texts are fixed, so a guest may read them. */
export function pathProblem(text: string): string | undefined {
  if (text.length > MAX_PATH_BYTES) return 'longer than 4096 bytes';
  if (!text.startsWith('/')) return 'not absolute';
  if (text === '/') return undefined;
  const characters = PLAIN.test(text) ? undefined : characterProblem(text);
  if (characters !== undefined) return characters;
  const segments = text.split('/');
  if (segments.length > MAX_SEGMENTS + 1) return 'more than 64 segments';
  for (let index = 1; index < segments.length; index += 1) {
    const segment = segments[index] ?? '';
    if (segment === '') return 'has an empty segment';
    if (segment === '.' || segment === '..') return 'has a segment `.` or `..`';
    if (segment.length * 3 > MAX_SEGMENT_BYTES && Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      return 'has a segment longer than 255 bytes';
    }
  }
  return undefined;
}

function characterProblem(text: string): string | undefined {
  // A lone surrogate would become U+FFFD on its way to the kernel: another name than the one that was decided.
  if (!text.isWellFormed()) return 'not valid Unicode';
  if (CONTROL.test(text)) return 'has a control character';
  if (text.includes('\\')) return 'has a backslash';
  // CWE-176: two spellings of one name would be two resources. Bytes are compared, so only one spelling is taken.
  if (text.normalize('NFC') !== text) return 'not in Unicode normalization form C';
  if (Buffer.byteLength(text) > MAX_PATH_BYTES) return 'longer than 4096 bytes';
  return undefined;
}

/** Whether a directory's entry has a name that a guest could ask for. */
export function isName(text: string): boolean {
  return text !== '' && !text.includes('/') && pathProblem(`/${text}`) === undefined;
}

const refuse = (action: FsAction, problem: string): Refusal => ({ refused: `path: ${problem}`, action });

/** Start-up files: who writes them runs programs as the operator, later. */
const START_UP_FILES: ReadonlySet<string> = new Set(
  (
    '.profile .login .logout .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .zshrc .zshenv .zprofile ' +
    '.zlogin .zlogout .cshrc .tcshrc .kshrc .mkshrc .shrc .envrc .inputrc .xprofile .xinitrc .xsession .xsessionrc ' +
    '.pam_environment .gitconfig config.fish'
  ).split(' '),
);
const CHANGES: ReadonlySet<FsAction> = new Set(['fs:write', 'fs:create', 'fs:remove', 'fs:rename']);

/** Names that the host protects whatever the policy says, compared without regard to ASCII case. */
export function protectionOf(path: string, action: FsAction): Protection | undefined {
  // Every protected name but one begins with a dot: the usual path pays for two searches.
  if (!path.includes('/.') && !/config\.fish$/i.test(path)) return undefined;
  const names = path.toLowerCase().split('/').slice(1);
  if (CHANGES.has(action) && isStartUp(names, action)) return 'always';
  const secret = names.some((name) => name === '.env' || name.startsWith('.env.') || name === '.ssh');
  return secret ? 'unless-named' : undefined;
}

function isStartUp(names: readonly string[], action: FsAction): boolean {
  const leaf = names.at(-1) ?? '';
  if (START_UP_FILES.has(leaf) || names.includes('.ssh')) return true;
  const git = names.indexOf('.git');
  if (git < 0) return false;
  // A file `.git` points to another repository, whose hooks then run; its `config` can name programs.
  if (git === names.length - 1) return action !== 'fs:create';
  return names.includes('hooks', git + 1) || leaf === 'config' || leaf === 'config.worktree';
}

/** Turns the guest's arguments into canonical requests. Pure; the only parser of this gate. */
export function createFsParser(config: FsConfig) {
  const mounts = new Map(config.mounts.map((mount) => [mount.path, mount]));

  function placeOf(path: string): Place {
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const mount = mounts.get(end < 0 ? path : path.slice(0, end));
      if (mount !== undefined) return { mount, names: end < 0 ? [] : path.slice(end + 1).split('/') };
      if (end < 0) return { mount: undefined, names: [] };
    }
  }

  function one<Target extends PlaceTarget>(
    action: FsAction,
    path: string,
    rest: Omit<Target, 'place'>,
    attributes: Attributes = NO_ATTRIBUTES,
    shown: Shown = { summary: {} },
  ): Parsed<Target> {
    const problem = pathProblem(path);
    if (problem !== undefined) return refuse(action, problem);
    const target = { ...rest, place: placeOf(path) } as Target; // `rest` is the target without its place
    return request([accessTo(action, path, attributes)], target, shown);
  }

  function written(path: string, contents: Uint8Array, append: boolean): Parsed<WriteTarget> {
    const summary = { bytes: contents.length, digest: hash('sha256', contents, 'hex'), ...(append ? { append } : {}) };
    const shown = { summary, payload: () => payloadOf(contents) };
    return one<WriteTarget>('fs:write', path, { contents }, new Map([['bytes', contents.length]]), shown);
  }

  return Object.freeze({
    read(path: string, wit: WitRange | undefined): Parsed<ReadTarget> {
      if (wit === undefined) return one<ReadTarget>('fs:read', path, { range: undefined });
      const range = { offset: clamp(wit.offset), length: clamp(wit.length) };
      const attributes = new Map([
        ['offset', range.offset],
        ['length', range.length],
      ]);
      return one<ReadTarget>('fs:read', path, { range }, attributes, { summary: { ...range } });
    },
    write: (path: string, contents: Uint8Array) => written(path, contents, false),
    append: (path: string, contents: Uint8Array) => written(path, contents, true),
    list(path: string, cursor: string | undefined): Parsed<ListTarget> {
      if (cursor !== undefined && !isName(cursor))
        return { refused: 'cursor: not one that was given', action: 'fs:list' };
      return one<ListTarget>('fs:list', path, { after: cursor });
    },
    stat: (path: string) => one<PlaceTarget>('fs:stat', path, {}),
    makeDirectory: (path: string) => one<PlaceTarget>('fs:create', path, {}),
    remove: (path: string) => one<PlaceTarget>('fs:remove', path, {}),

    rename(from: string, to: string): Parsed<RenameTarget> {
      const problem = pathProblem(from) ?? pathProblem(to);
      if (problem !== undefined) return refuse('fs:rename', problem);
      const [source, target] = [placeOf(from), placeOf(to)];
      // CWE-62: between two mounts the rights of one would follow the file into the other.
      if (source.mount !== target.mount && source.mount !== undefined && target.mount !== undefined) {
        return refuse('fs:rename', 'source and target are not in one mount');
      }
      return request(renameAccesses(from, to), { source, target }, { summary: {} });
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
        paths[1] === undefined ? ([accessTo(known, resource, named)] as const) : renameAccesses(resource, paths[1]);
      return request(accesses, undefined, { summary: {} });
    },
  });
}
export type FsParser = ReturnType<typeof createFsParser>;

interface Shown {
  readonly summary: AccessRequest<unknown>['summary'];
  readonly payload?: () => { readonly [key: string]: Json };
}

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

function accessTo(action: FsAction, resource: string, attributes: Attributes): Access {
  const protection = protectionOf(resource, action);
  return protection === undefined ? { action, resource, attributes } : { action, resource, attributes, protection };
}

function renameAccesses(source: string, target: string): readonly [Access, ...Access[]] {
  // Which of the two names a rule names cannot be told from the rules together, so neither may be protected at all.
  const access = (action: FsAction, resource: string): Access => {
    const made = accessTo(action, resource, NO_ATTRIBUTES);
    return made.protection === undefined ? made : { ...made, protection: 'always' };
  };
  return [access('fs:rename', source), access('fs:rename', target), access('fs:write', target)];
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
