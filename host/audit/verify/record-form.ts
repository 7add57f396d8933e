import { hash } from 'node:crypto';
import { FormError, readCanonicalLine, type CanonicalLine, type CanonicalObject } from './canonical-value.ts';

/** The form of a record, as notes on version 1 of the format have it; types and members that come later are among them. */

/** A record whose form holds. `digest` is what its hash should be. */
export interface FormedRecord {
  readonly members: CanonicalObject;
  readonly seq: number;
  readonly type: string;
  readonly log: string;
  readonly run: string;
  readonly time: string;
  readonly mono: number;
  readonly prev: string;
  readonly hash: string;
  readonly intent: number | undefined;
  readonly digest: string;
}

const VERSION = 1;
/** The most bytes of a line, without its newline. */
export const LINE_BYTES = 8 * 1024;

const TYPES: ReadonlySet<string> = new Set([
  ...['run.opened', 'run.closed', 'load.denied', 'limit.hit', 'log.recovered', 'policy.changed', 'key.rotated'],
  'policy.diverged',
  ...['effect.intended', 'effect.denied', 'effect.settled', 'effect.unknown'],
  ...['approval.asked', 'approval.answered'],
]);

/** What a type must have besides what every record has. */
const NEEDED: ReadonlyMap<string, readonly string[]> = new Map([
  ['effect.intended', ['action', 'resource', 'request', 'decision', 'policy', 'principal']],
  ['effect.denied', ['action', 'resource', 'decision', 'policy', 'principal']],
  ['effect.settled', ['intent', 'outcome']],
  ['effect.unknown', ['intent']],
  ['policy.diverged', ['action', 'resource', 'policy', 'detail']],
  ['approval.asked', ['action', 'resource', 'request', 'decision', 'policy', 'principal']],
  ['approval.answered', ['detail']],
  ['log.recovered', ['detail']],
]);

const HEX = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const OBJECTS = ['principal', 'request', 'decision', 'policy', 'outcome', 'detail'] as const;
const TEXTS = ['action', 'resource', 'purpose'] as const;

/** Reads one line, without its newline. Throws a `FormError` that says what is wrong. */
export function readRecord(bytes: Uint8Array): FormedRecord {
  if (bytes.length > LINE_BYTES) throw new FormError(`the line is longer than ${LINE_BYTES} bytes`);
  const text = textOf(bytes);
  const line = readCanonicalLine(text);
  const { members } = line;
  if (members.get('v') !== VERSION) throw new FormError(`\`v\` is not ${VERSION}`);
  const type = textMember(members, 'type');
  if (!TYPES.has(type)) throw new FormError(`the type \`${type}\` is not known`);
  for (const name of NEEDED.get(type) ?? []) {
    if (!members.has(name)) throw new FormError(`a record of type \`${type}\` has no \`${name}\``);
  }
  checkShapes(members);
  checkPrincipal(members.get('principal'));
  return {
    members,
    type,
    seq: wholeMember(members, 'seq'),
    log: textMember(members, 'log'),
    run: textMember(members, 'run'),
    time: timeMember(members),
    mono: wholeMember(members, 'mono'),
    prev: hexMember(members, 'prev'),
    hash: hexMember(members, 'hash'),
    intent: members.has('intent') ? wholeMember(members, 'intent') : undefined,
    digest: hash('sha256', Buffer.concat([LEAF, Buffer.from(withoutHash(text, line))]), 'hex'),
  };
}

/** The prefix of a leaf (RFC 9162, section 2.1.1). */
const LEAF = Buffer.of(0);

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormError('the line is not UTF-8');
  }
}

/** The text of the record that was hashed: the line without its `hash` member and one comma. */
function withoutHash(text: string, { spans }: CanonicalLine): string {
  const [start, end] = spans.get('hash') ?? [0, 0];
  const [before, after] = [text.slice(0, start), text.slice(end)];
  return after.startsWith(',') ? before + after.slice(1) : before.replace(/,$/, '') + after;
}

function checkShapes(members: CanonicalObject): void {
  for (const name of OBJECTS) {
    const member = members.get(name);
    if (member !== undefined && !(member instanceof Map)) throw new FormError(`\`${name}\` is not an object`);
  }
  for (const name of TEXTS) {
    const member = members.get(name);
    if (member !== undefined && typeof member !== 'string') throw new FormError(`\`${name}\` is not a string`);
  }
}

/** Who acts is read by every tool that judges a record: nothing in it may be of another shape. */
function checkPrincipal(principal: unknown): void {
  if (!(principal instanceof Map)) return; // absent: `checkShapes` has seen that it is an object where it is there
  for (const name of ['agent', 'component']) {
    if (typeof principal.get(name) !== 'string') throw new FormError(`\`principal.${name}\` is not a string`);
  }
  for (const name of ['roles', 'callers']) {
    const list: unknown = principal.get(name);
    if (list === undefined && name === 'callers') continue;
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
      throw new FormError(`\`principal.${name}\` is not a list of strings`);
    if (name === 'callers' && list.length === 0) throw new FormError('`principal.callers` is empty');
  }
}

function textMember(members: CanonicalObject, name: string): string {
  const member = members.get(name);
  if (typeof member !== 'string') throw new FormError(`\`${name}\` is not a string`);
  return member;
}

function wholeMember(members: CanonicalObject, name: string): number {
  const member = members.get(name);
  if (typeof member !== 'number' || !Number.isSafeInteger(member) || member < 0) {
    throw new FormError(`\`${name}\` is not a whole number`);
  }
  return member;
}

function hexMember(members: CanonicalObject, name: string): string {
  const member = textMember(members, name);
  if (!HEX.test(member)) throw new FormError(`\`${name}\` is not a SHA-256 in hex`);
  return member;
}

function timeMember(members: CanonicalObject): string {
  const member = textMember(members, 'time');
  if (!TIME.test(member) || Number.isNaN(Date.parse(member))) throw new FormError('`time` is not a time in UTC');
  return member;
}
