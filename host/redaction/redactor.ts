import type { Json } from '../contracts/request.ts';
import { BUILT_IN } from './builtin.ts';
import { chain } from './chain.ts';
import type { DetectorConfig } from './detector-config.ts';
import { createExactMatcher } from './exact-matcher.ts';
import { maskForm } from './form-text.ts';
import { maskJson } from './json-text.ts';
import {
  BINARY,
  count,
  joined,
  markOf,
  maskAll,
  TOO_LARGE,
  type Finds,
  type Masker,
  type MaskStream,
} from './mask-stream.ts';
import { createScanner } from './scanner.ts';

type JsonObject = { readonly [key: string]: Json };

/** Masks what moves in one effect, in one direction or both, and counts what it finds. */
export interface Redaction {
  /** Plain text. */
  text(value: string): string;
  /** What a body of this media type says: JSON and forms by their parts, everything else as text. */
  body(bytes: Uint8Array, mediaType: string | undefined): Uint8Array;
  /** JSON where it is JSON, text where not. */
  json(value: string): string;
  /** An object that is JSON. */
  object(value: JsonObject): JsonObject;
  /** The value of a header field. */
  header(name: string, value: string): string;
  /** The mark of a database column; `undefined` where its values are looked at. */
  column(table: string | undefined, column: string): string | undefined;
  /** Counts a value that was masked by its column. */
  masked(mark: string): void;
  /** The same for a body that comes in pieces. JSON and forms are collected first, up to a bound. */
  stream(mediaType: string | undefined): MaskStream;
  /** What was found, for the record: `{email: 2}`. */
  counts(): { readonly [name: string]: number };
  /** Whether something could not be looked into and was taken out. */
  isCut(): boolean;
}

/** Makes redactions for the detectors that a rule names. */
export interface Redactors {
  /** `undefined` where nothing is to be masked. A name that is not known throws: the policy was checked against them. */
  begin(names: readonly string[] | undefined): Redaction | undefined;
}

/** A structured body that is larger is not looked into by its parts. */
const MOST_STRUCTURED = 16 * 1024 * 1024;

/** What the detectors of one rule are made into. */
interface Means {
  readonly masker: Masker;
  readonly fields: ReadonlyMap<string, string>;
  readonly columns: ReadonlyMap<string, string>;
}

/** Makes the redactors of a configuration. What one set of names needs is made when it is first named. */
export function createRedactors(own: DetectorConfig): Redactors {
  const known = new Map<string, Means>();
  return Object.freeze({
    begin(names: readonly string[] | undefined): Redaction | undefined {
      if (names === undefined || names.length === 0) return undefined;
      const key = names.join('|');
      const means = known.get(key) ?? meansOf(names, own);
      known.set(key, means);
      return createRedaction(means);
    },
  });
}

function meansOf(names: readonly string[], own: DetectorConfig): Means {
  const unknown = names.find((name) => !own.has(name) && !BUILT_IN.some((detector) => detector.name === name));
  if (unknown !== undefined) throw new RangeError(`no detector \`${unknown}\``);
  const named = names.flatMap((name) => [[name, own.get(name)] as const]);
  const by = (part: 'fields' | 'columns') =>
    new Map(named.flatMap(([name, detector]) => (detector?.[part] ?? []).map((text) => [text, markOf(name)] as const)));
  const patterns = named.flatMap(([name, detector]) =>
    (detector?.values ?? []).map((value) => ({ bytes: Buffer.from(value), name, mark: markOf(name) })),
  );
  const scanner = createScanner(BUILT_IN.filter(({ name }) => names.includes(name)));
  return {
    masker: patterns.length === 0 ? scanner : chain([createExactMatcher(patterns), scanner]),
    fields: by('fields'),
    columns: by('columns'),
  };
}

function createRedaction({ masker, fields, columns }: Means): Redaction {
  const finds = new Map<string, number>();
  const streams: MaskStream[] = [];

  function bytesOf(bytes: Uint8Array): Uint8Array {
    const masked = maskAll(masker, bytes);
    for (const [name, times] of masked.finds) count(finds, name, times);
    return masked.bytes;
  }

  function text(value: string): string {
    const bytes = Buffer.from(value);
    const masked = bytesOf(bytes);
    return masked === bytes ? value : Buffer.from(masked).toString();
  }

  function masked(mark: string): void {
    count(finds, mark.slice('[redacted:'.length, -1));
  }

  function member(name: string): string | undefined {
    const mark = fields.get(name.toLowerCase());
    if (mark !== undefined) masked(mark);
    return mark;
  }

  function texts(values: readonly string[]): ReadonlyMap<number, string> {
    const found = new Map<number, string>();
    // A NUL ends a text: what says one is looked at by itself.
    const quiet = values.map((value, index) => {
      if (!value.includes('\0')) return value;
      const masked = text(value);
      if (masked !== value) found.set(index, masked);
      return '';
    });
    const parts = masker.parts(Buffer.from(`${quiet.join('\0')}\0`));
    for (const [index, bytes] of parts.masked) found.set(index, Buffer.from(bytes).toString());
    for (const [name, times] of parts.finds) count(finds, name, times);
    return found;
  }

  /** Whether its parts may hold what the text as it is written does not show. */
  const needsParts = (bytes: Uint8Array, form: 'json' | 'form'): boolean =>
    fields.size > 0 || SPELLINGS[form].some((byte) => bytes.includes(byte)) || maskAll(masker, bytes).finds.size > 0;

  function body(bytes: Uint8Array, mediaType: string | undefined): Uint8Array {
    const form = formOf(mediaType);
    if (form === 'text' || bytes.includes(0)) return bytesOf(bytes);
    if (!needsParts(bytes, form)) return bytes;
    const { value, mark } = decoded(bytes);
    const whole = form === 'form' ? maskForm(value, { text, member }) : maskJson(value, { texts, member });
    if (whole === undefined) return bytesOf(bytes);
    return whole === value ? bytes : joined(mark, Buffer.from(whole));
  }

  function json(value: string): string {
    const bytes = Buffer.from(value);
    const done = body(bytes, 'application/json');
    return done === bytes ? value : Buffer.from(done).toString();
  }

  return Object.freeze({
    text,
    body,
    masked,
    json,
    object: (value: JsonObject) => JSON.parse(json(JSON.stringify(value))) as JsonObject, // masked, JSON stays JSON
    header: (name: string, value: string) => member(name) ?? text(value),
    column: (table: string | undefined, column: string) =>
      columns.get(column.toLowerCase()) ??
      (table === undefined ? undefined : columns.get(`${table}.${column}`.toLowerCase())),
    stream(mediaType: string | undefined): MaskStream {
      const plain = masker.stream();
      const stream =
        formOf(mediaType) === 'text'
          ? plain
          : // Text shows what detectors find, but not in which field it stands.
            collected(plain, { whole: (bytes) => body(bytes, mediaType), mayGoOn: fields.size === 0 });
      streams.push(stream);
      return stream;
    },
    counts() {
      const all = new Map(finds);
      for (const stream of streams) for (const [name, times] of stream.finds) count(all, name, times);
      return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    isCut: () => [{ finds }, ...streams].some((one) => one.finds.has(BINARY) || one.finds.has(TOO_LARGE)),
  });
}

const [BACKSLASH, PERCENT, PLUS] = [0x5c, 0x25, 0x2b];
/** By which bytes a part says something else than is written; `+` is a blank in forms. */
const SPELLINGS = { json: [BACKSLASH, PERCENT], form: [PERCENT, PLUS] } as const;
const NOTHING = new Uint8Array(0);
const CUT: Finds = new Map([[TOO_LARGE, 1]]);

/** Collects pieces and masks them as one. Of what is too large the rest is plain text, or nothing at all. */
function collected(
  plain: MaskStream,
  how: { readonly whole: (bytes: Uint8Array) => Uint8Array; readonly mayGoOn: boolean },
): MaskStream {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let state: 'collecting' | 'plain' | 'cut' = 'collecting';
  return {
    get finds() {
      return state === 'cut' ? CUT : plain.finds;
    },
    get steps() {
      return plain.steps;
    },
    push(piece) {
      if (state === 'plain') return plain.push(piece);
      if (state === 'cut') return NOTHING;
      pieces.push(piece.slice());
      size += piece.length;
      if (size <= MOST_STRUCTURED) return NOTHING;
      const all = Buffer.concat(pieces);
      pieces = [];
      state = how.mayGoOn ? 'plain' : 'cut';
      return how.mayGoOn ? plain.push(all) : Buffer.from(markOf(TOO_LARGE));
    },
    end() {
      if (state === 'cut') return NOTHING;
      if (state === 'plain') return plain.end();
      const all = Buffer.concat(pieces);
      // What is no text counts where the stream is asked.
      return all.includes(0) ? joined(plain.push(all).slice(), plain.end()) : how.whole(all);
    },
  };
}

/** How a body is looked into, by its media type (RFC 9110, section 8.3.1; RFC 6839 for `+json`). */
function formOf(mediaType: string | undefined): 'json' | 'form' | 'text' {
  const type = (mediaType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json') ? 'json' : 'text';
}

/** UTF-8 as text, its byte order mark apart. In what is written anew, bytes that are no UTF-8 become U+FFFD. */
function decoded(bytes: Uint8Array): { readonly value: string; readonly mark: Uint8Array } {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return {
    value: Buffer.from(marked ? bytes.subarray(3) : bytes).toString(),
    mark: marked ? bytes.slice(0, 3) : NOTHING,
  };
}
