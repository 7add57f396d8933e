import { hash } from 'node:crypto';
import {
  AUDIT_TYPES,
  AUDIT_VERSION,
  type AuditEntry,
  type RecordedDecision,
  type RecordedLabels,
  type RecordedOutcome,
} from '../contracts/audit-record.ts';
import type { PolicyRef } from '../contracts/decision.ts';
import type { Principal } from '../contracts/principal.ts';
import type { Json } from '../contracts/request.ts';
import { boundedList, digestText, FIELD_BYTES, fixedText, fixedTexts, freeJson } from './bounded-json.ts';
import { canonicalNumber, canonicalString } from './canonical-json.ts';

/**
 * The line of a record: one canonical JSON object (RFC 8785) with the record's members and `hash`, then a newline.
 * `hash` is SHA-256, in hex, over a zero byte and the canonical JSON of the object **without** `hash`; so it is the leaf
 * hash of RFC 9162, and a tree can be laid over the same lines later. Whoever checks a line parses it, takes `hash`
 * out, writes the rest canonically and hashes that.
 */

/** The most bytes of one line. A longer record has its parts replaced by digests until it fits. */
export const RECORD_BYTES = 8 * 1024;
/** The `prev` of a run's first record. */
export const NO_HASH = '0'.repeat(64);

/** What the log adds to an entry. */
export interface Stamp {
  readonly seq: number;
  readonly timeMs: number;
  /** Microseconds since the run started, a whole number. */
  readonly mono: number;
  readonly prev: string;
}

/** A record, ready to be written. `line` ends with a newline. */
export interface RecordLine {
  readonly line: string;
  readonly hash: string;
}

/** Makes the lines of one run. Throws a `TypeError` for an entry that no record can hold. */
export interface RecordEncoder {
  encode(entry: AuditEntry, stamp: Stamp): RecordLine;
}

/** Makes the encoder of one run. Entries are plain data that nobody changes: equal objects are written once. */
export function createRecordEncoder(log: string, run: string): RecordEncoder {
  const logMember = `"log":${fixedText(log)},"mono":`;
  const runMember = `"run":${fixedText(run)},"seq":`;
  const principalText = remembered(shape<Principal>({ ...PRINCIPAL }));
  const policyText = remembered(shape<PolicyRef>({ digest: fixedText, generation: number }));
  const timeText = createTimeText();

  function tailText(entry: AuditEntry, stamp: Stamp, tight: boolean): string {
    const { intent, labels, outcome, policy, principal, purpose, request, resource } = entry;
    let text = intent === undefined ? '' : `"intent":${number(intent)},`;
    if (labels !== undefined) text += `"labels":${labelsText(labels, tight)},`;
    text += `${logMember}${number(stamp.mono)},`;
    if (outcome !== undefined) text += `"outcome":${outcomeText(outcome, tight)},`;
    if (policy !== undefined) text += `"policy":${policyText(policy, tight)},`;
    text += `"prev":"${stamp.prev}",`;
    if (principal !== undefined) text += `"principal":${principalText(principal, tight)},`;
    if (purpose !== undefined) text += `"purpose":${fixedText(purpose)},`;
    if (request !== undefined) text += `"request":${requestText(request, tight)},`;
    if (resource !== undefined) text += `"resource":${fixedText(resource)},`;
    text += `${runMember}${number(stamp.seq)},"time":"${timeText(stamp.timeMs)}"`;
    return `${text},"type":"${entry.type}","v":${AUDIT_VERSION}`;
  }

  function lineOf(entry: AuditEntry, stamp: Stamp, tight: boolean): RecordLine {
    const head = headText(entry, tight);
    const tail = tailText(entry, stamp, tight);
    // The zero character is the zero byte of a leaf; it keeps leaves apart from the nodes of a tree.
    const digest = hash('sha256', `\0{${head}${tail}}`, 'hex');
    return { line: `{${head}"hash":"${digest}",${tail}}\n`, hash: digest };
  }

  return Object.freeze({
    encode(entry: AuditEntry, stamp: Stamp): RecordLine {
      checkEntry(entry);
      const record = lineOf(entry, stamp, false);
      if (fits(record.line)) return record;
      const tight = lineOf(entry, stamp, true);
      if (!fits(tight.line)) throw new TypeError(`a record is longer than ${RECORD_BYTES} bytes`);
      return tight;
    },
  });
}

const fits = (line: string): boolean => line.length <= RECORD_BYTES / 3 || Buffer.byteLength(line) <= RECORD_BYTES;

const ENTRY_FIELDS: ReadonlySet<string> = new Set<keyof AuditEntry>([
  ...(['type', 'intent', 'principal', 'purpose', 'labels', 'action', 'resource', 'accesses'] as const),
  ...(['request', 'decision', 'policy', 'outcome', 'detail'] as const),
]);
const TYPES: ReadonlySet<string> = new Set(AUDIT_TYPES);

function checkEntry(entry: AuditEntry): void {
  for (const field in entry) {
    if (!ENTRY_FIELDS.has(field)) throw new TypeError(`a record has no field ${canonicalString(field.toWellFormed())}`);
  }
  if (!TYPES.has(entry.type)) throw new TypeError('a record has no such type');
}

/** The members that come before `hash` in canonical order. */
function headText(entry: AuditEntry, tight: boolean): string {
  const { accesses, action, decision, detail } = entry;
  let text = '';
  if (accesses !== undefined) text += `"accesses":${accessesText(accesses, tight)},`;
  if (action !== undefined) text += `"action":${fixedText(action)},`;
  if (decision !== undefined) text += `"decision":${decisionText(decision, tight)},`;
  if (detail !== undefined) text += `"detail":${freeField(detail, tight)},`;
  return text;
}

type Writer<Value> = (value: Value, tight: boolean) => string;
type Free = { readonly [key: string]: Json };
type Writers<Shape> = { readonly [Name in keyof Shape]-?: Writer<Exclude<Shape[Name], undefined>> };

/** Writes an object with a closed set of members, in canonical order. An unknown member is an error. */
function shape<Shape extends object>(writers: Writers<Shape>): Writer<Shape> {
  const known: ReadonlySet<string> = new Set(Object.keys(writers));
  const names = [...known].sort() as (keyof Shape & string)[]; // the keys of `writers` are those of `Shape`
  return (value, tight) => {
    let text = '';
    for (const name of names) {
      const member = value[name];
      if (member === undefined) continue;
      // Not `undefined` here, which the compiler does not see through an index.
      const written = writers[name](member as Exclude<Shape[typeof name], undefined>, tight);
      text += `${text === '' ? '' : ','}"${name}":${written}`;
    }
    for (const name in value) {
      if (!known.has(name)) throw new TypeError(`a record has no field ${canonicalString(name.toWellFormed())}`);
    }
    return `{${text}}`;
  };
}

/** A writer that keeps the text of the last value: principal and policy are the same in almost every record. */
function remembered<Value>(write: Writer<Value>): Writer<Value> {
  let last: Value | undefined;
  let text = '';
  return (value, tight) => {
    if (tight) return write(value, tight);
    if (value !== last) [text, last] = [write(value, tight), value];
    return text;
  };
}

/** A number of the host, never of the guest. */
function number(value: number): string {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw new TypeError('a record has no number beyond 2^53 - 1');
  return canonicalNumber(value);
}

function freeField(value: Free, tight: boolean): string {
  const text = freeJson(value);
  return tight && Buffer.byteLength(text) > FIELD_BYTES ? digestText(text) : text;
}

/** A request that is too long keeps its own digest beside that of the text that was cut. */
function requestText(request: Free, tight: boolean): string {
  const text = freeJson(request);
  if (!tight || Buffer.byteLength(text) <= FIELD_BYTES) return text;
  const { digest } = request;
  return typeof digest === 'string'
    ? `{"cut":${digestText(text)},"digest":${fixedText(digest)}}`
    : `{"cut":${digestText(text)}}`;
}

const PRINCIPAL: Writers<Principal> = {
  agent: fixedText,
  roles: fixedTexts,
  onBehalfOf: fixedText,
  component: fixedText,
  callers: fixedTexts,
};

const decisionText = shape<RecordedDecision>({
  effect: fixedText,
  id: fixedText,
  rules: fixedTexts,
  reason: fixedText,
  agent: fixedText,
  obligations: freeField,
  approval: fixedText,
});

const outcomeText = shape<RecordedOutcome>({
  status: fixedText,
  code: fixedText,
  bytesIn: number,
  bytesOut: number,
  durationUs: number,
  digest: fixedText,
  discharged: freeField,
  detail: freeField,
});

const accessText = shape<{ readonly action: string; readonly resource: string }>({
  action: fixedText,
  resource: fixedText,
});

const labelsText = shape<RecordedLabels>({ effect: fixedText, run: fixedText });

function accessesText(accesses: NonNullable<AuditEntry['accesses']>, tight: boolean): string {
  const items = accesses.map((access) => accessText(access, tight));
  return boundedList(items, tight, (more, digest) =>
    accessText({ action: '…', resource: `…(${more} more, ${digest})` }, tight),
  );
}

/** RFC 3339 in UTC with milliseconds. The part up to the second is kept: making it anew costs as much as the hash. */
function createTimeText(): (timeMs: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (timeMs) => {
    const whole = Math.floor(timeMs);
    const now = Math.floor(whole / 1000);
    if (now !== second) [prefix, second] = [new Date(now * 1000).toISOString().slice(0, 20), now];
    return `${prefix}${String(whole - now * 1000).padStart(3, '0')}Z`;
  };
}
