import type { FunctionSignature, ValueType } from '../value-type.ts';

/*
 * The signatures of the functions of WASI 0.2 that preview 1 reaches. A component brings those of its imports with it; a
 * core module knows nothing of them.
 */

const named = (kind: 'enum' | 'flags', names: string): ValueType => ({ kind, names: names.split(' ') });
const own = (resource: string): ValueType => ({ kind: 'own', resource });
const borrow = (resource: string): ValueType => ({ kind: 'borrow', resource });
const list = (of: ValueType): ValueType => ({ kind: 'list', of });
const option = (of: ValueType): ValueType => ({ kind: 'option', of });
const tuple = (...of: readonly ValueType[]): ValueType => ({ kind: 'tuple', of });
const record = (fields: Readonly<Record<string, ValueType>>): ValueType => ({
  kind: 'record',
  fields: Object.entries(fields),
});
const variant = (cases: Readonly<Record<string, ValueType | null>>): ValueType => ({
  kind: 'variant',
  cases: Object.entries(cases),
});

const INPUT = 'wasi:io/streams#input-stream';
const OUTPUT = 'wasi:io/streams#output-stream';
const POLLABLE = 'wasi:io/poll#pollable';
const ERROR = 'wasi:io/error#error';
const DESCRIPTOR = 'wasi:filesystem/types#descriptor';
const ENTRIES = 'wasi:filesystem/types#directory-entry-stream';

const BYTES = list('u8');
const DATETIME = record({ seconds: 'u64', nanoseconds: 'u32' });
const STREAM_ERROR = variant({ 'last-operation-failed': own(ERROR), closed: null });
const ERROR_CODE = named(
  'enum',
  'access would-block already bad-descriptor busy deadlock quota exist file-too-large illegal-byte-sequence in-progress ' +
    'interrupted invalid io is-directory loop too-many-links message-size name-too-long no-device no-entry no-lock ' +
    'insufficient-memory insufficient-space not-directory not-empty not-recoverable unsupported no-tty no-such-device ' +
    'overflow not-permitted pipe read-only invalid-seek text-file-busy cross-device',
);
const TYPE = named('enum', 'unknown block-device character-device directory fifo symbolic-link regular-file socket');
const STAT = record({
  type: TYPE,
  'link-count': 'u64',
  size: 'u64',
  'data-access-timestamp': option(DATETIME),
  'data-modification-timestamp': option(DATETIME),
  'status-change-timestamp': option(DATETIME),
});
const ADVICE = named('enum', 'normal sequential random will-need dont-need no-reuse');
const AT = named('flags', 'symlink-follow');
const OPEN = named('flags', 'create directory exclusive truncate');
const HOW = named('flags', 'read write file-integrity-sync data-integrity-sync requested-write-sync mutate-directory');
const TIME = variant({ 'no-change': null, now: null, timestamp: DATETIME });
const HASH = record({ lower: 'u64', upper: 'u64' });

type Entry = readonly [name: string, signature: FunctionSignature];

const func = (name: string, parameters: readonly ValueType[], result: ValueType | null): Entry => [
  name,
  { self: false, parameters, result },
];

/** Methods of one resource, all of which fail alike. */
const methods =
  (resource: string, err: ValueType) =>
  (name: string, parameters: readonly ValueType[], ok: ValueType | null): Entry => [
    resource.replace('#', '#[method]') + `.${name}`,
    { self: true, parameters, result: { kind: 'result', ok, err } },
  ];
const input = methods(INPUT, STREAM_ERROR);
const output = methods(OUTPUT, STREAM_ERROR);
const descriptor = methods(DESCRIPTOR, ERROR_CODE);
const entries = methods(ENTRIES, ERROR_CODE);

const method = (resource: string, name: string, result: ValueType): Entry => [
  resource.replace('#', '#[method]') + `.${name}`,
  { self: true, parameters: [], result },
];

/** By `interface#function`. */
export const PREVIEW1_SIGNATURES: ReadonlyMap<string, FunctionSignature> = new Map([
  func('wasi:cli/environment#get-arguments', [], list('string')),
  func('wasi:cli/environment#get-environment', [], list(tuple('string', 'string'))),
  func('wasi:cli/exit#exit-with-code', ['u8'], null),
  func('wasi:cli/stdin#get-stdin', [], own(INPUT)),
  func('wasi:cli/stdout#get-stdout', [], own(OUTPUT)),
  func('wasi:cli/stderr#get-stderr', [], own(OUTPUT)),
  func('wasi:cli/terminal-stdin#get-terminal-stdin', [], option(own('wasi:cli/terminal-input#terminal-input'))),
  func('wasi:cli/terminal-stdout#get-terminal-stdout', [], option(own('wasi:cli/terminal-output#terminal-output'))),
  func('wasi:cli/terminal-stderr#get-terminal-stderr', [], option(own('wasi:cli/terminal-output#terminal-output'))),
  func('wasi:clocks/monotonic-clock#now', [], 'u64'),
  func('wasi:clocks/monotonic-clock#resolution', [], 'u64'),
  func('wasi:clocks/monotonic-clock#subscribe-instant', ['u64'], own(POLLABLE)),
  func('wasi:clocks/monotonic-clock#subscribe-duration', ['u64'], own(POLLABLE)),
  func('wasi:clocks/wall-clock#now', [], DATETIME),
  func('wasi:clocks/wall-clock#resolution', [], DATETIME),
  func('wasi:random/random#get-random-bytes', ['u64'], BYTES),
  func('wasi:io/poll#poll', [list(borrow(POLLABLE))], list('u32')),
  method(POLLABLE, 'ready', 'bool'),
  input('read', ['u64'], BYTES),
  input('blocking-read', ['u64'], BYTES),
  method(INPUT, 'subscribe', own(POLLABLE)),
  output('check-write', [], 'u64'),
  output('write', [BYTES], null),
  output('blocking-flush', [], null),
  output('blocking-write-and-flush', [BYTES], null),
  method(OUTPUT, 'subscribe', own(POLLABLE)),
  func('wasi:filesystem/preopens#get-directories', [], list(tuple(own(DESCRIPTOR), 'string'))),
  func('wasi:filesystem/types#filesystem-error-code', [borrow(ERROR)], option(ERROR_CODE)),
  descriptor('advise', ['u64', 'u64', ADVICE], null),
  descriptor('append-via-stream', [], own(OUTPUT)),
  descriptor('create-directory-at', ['string'], null),
  descriptor('get-type', [], TYPE),
  descriptor('link-at', [AT, 'string', borrow(DESCRIPTOR), 'string'], null),
  descriptor('metadata-hash', [], HASH),
  descriptor('metadata-hash-at', [AT, 'string'], HASH),
  descriptor('open-at', [AT, 'string', OPEN, HOW], own(DESCRIPTOR)),
  descriptor('read', ['u64', 'u64'], tuple(BYTES, 'bool')),
  descriptor('read-directory', [], own(ENTRIES)),
  descriptor('readlink-at', ['string'], 'string'),
  descriptor('remove-directory-at', ['string'], null),
  descriptor('rename-at', ['string', borrow(DESCRIPTOR), 'string'], null),
  descriptor('set-size', ['u64'], null),
  descriptor('set-times', [TIME, TIME], null),
  descriptor('set-times-at', [AT, 'string', TIME, TIME], null),
  descriptor('stat', [], STAT),
  descriptor('stat-at', [AT, 'string'], STAT),
  descriptor('symlink-at', ['string', 'string'], null),
  descriptor('sync', [], null),
  descriptor('sync-data', [], null),
  descriptor('unlink-file-at', ['string'], null),
  descriptor('write', [BYTES, 'u64'], 'u64'),
  entries('read-directory-entry', [], option(record({ type: TYPE, name: 'string' }))),
]);
