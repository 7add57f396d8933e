import type { ServedFunction, ServedInterface } from '../contracts/served-interface.ts';

const VERSIONS = ['0.2.*'];

type ServedBy = 'virtual' | 'denies' | 'http' | 'fs';

/** Functions by their WIT names, separated by spaces, that answer at once. */
const functions = (names: string): ServedFunction[] => names.split(' ').map((name) => ({ name, waits: false }));

/** The methods of a resource that answer at once. */
const methods = (resource: string, names: string): ServedFunction[] =>
  functions(names).map(({ name, waits }) => ({ name: `[method]${resource}.${name}`, waits }));

/** Methods that may wait before they answer. */
const waitingMethods = (resource: string, names: string): ServedFunction[] =>
  methods(resource, names).map(({ name }) => ({ name, waits: true }));

const row = (name: string, servedBy: ServedBy, ...parts: readonly (readonly ServedFunction[])[]): ServedInterface => ({
  name,
  versions: VERSIONS,
  servedBy,
  functions: parts.flat(),
});

const CLI: readonly ServedInterface[] = [
  row('wasi:cli/environment', 'virtual', functions('get-environment get-arguments initial-cwd')),
  row('wasi:cli/exit', 'virtual', functions('exit exit-with-code')),
  row('wasi:cli/stdin', 'virtual', functions('get-stdin')),
  row('wasi:cli/stdout', 'virtual', functions('get-stdout')),
  row('wasi:cli/stderr', 'virtual', functions('get-stderr')),
  row('wasi:cli/terminal-input', 'virtual'),
  row('wasi:cli/terminal-output', 'virtual'),
  row('wasi:cli/terminal-stdin', 'virtual', functions('get-terminal-stdin')),
  row('wasi:cli/terminal-stdout', 'virtual', functions('get-terminal-stdout')),
  row('wasi:cli/terminal-stderr', 'virtual', functions('get-terminal-stderr')),
];

const IO: readonly ServedInterface[] = [
  row('wasi:io/error', 'virtual', methods('error', 'to-debug-string')),
  row('wasi:io/poll', 'virtual', methods('pollable', 'ready'), waitingMethods('pollable', 'block'), [
    { name: 'poll', waits: true },
  ]),
  row(
    'wasi:io/streams',
    'virtual',
    methods('input-stream', 'read skip subscribe'),
    waitingMethods('input-stream', 'blocking-read blocking-skip'),
    methods('output-stream', 'check-write write flush subscribe write-zeroes splice'),
    waitingMethods('output-stream', 'blocking-write-and-flush blocking-flush'),
    waitingMethods('output-stream', 'blocking-write-zeroes-and-flush blocking-splice'),
  ),
];

const CLOCKS_AND_RANDOM: readonly ServedInterface[] = [
  row('wasi:clocks/monotonic-clock', 'virtual', functions('now resolution subscribe-instant subscribe-duration')),
  row('wasi:clocks/wall-clock', 'virtual', functions('now resolution')),
  row('wasi:random/random', 'virtual', functions('get-random-bytes get-random-u64')),
  row('wasi:random/insecure', 'virtual', functions('get-insecure-random-bytes get-insecure-random-u64')),
  row('wasi:random/insecure-seed', 'virtual', functions('insecure-seed')),
];

const FILESYSTEM: readonly ServedInterface[] = [
  row('wasi:filesystem/preopens', 'fs', functions('get-directories')),
  row(
    'wasi:filesystem/types',
    'fs',
    methods('descriptor', 'read-via-stream write-via-stream append-via-stream advise sync-data get-flags get-type'),
    methods('descriptor', 'set-size read write sync'),
    // What names a file is decided, and a rule may ask a person.
    waitingMethods('descriptor', 'set-times read-directory create-directory-at stat stat-at set-times-at link-at'),
    waitingMethods('descriptor', 'open-at readlink-at remove-directory-at rename-at symlink-at unlink-file-at'),
    waitingMethods('descriptor', 'is-same-object metadata-hash metadata-hash-at'),
    waitingMethods('directory-entry-stream', 'read-directory-entry'),
    functions('filesystem-error-code'),
  ),
];

const SOCKETS: readonly ServedInterface[] = [
  row('wasi:sockets/network', 'virtual', functions('network-error-code')),
  row('wasi:sockets/instance-network', 'virtual', functions('instance-network')),
  row(
    'wasi:sockets/ip-name-lookup',
    'denies',
    functions('resolve-addresses'),
    methods('resolve-address-stream', 'resolve-next-address subscribe'),
  ),
  row(
    'wasi:sockets/tcp',
    'denies',
    methods('tcp-socket', 'start-bind finish-bind start-connect finish-connect start-listen finish-listen accept'),
    methods('tcp-socket', 'local-address remote-address is-listening address-family set-listen-backlog-size'),
    methods('tcp-socket', 'keep-alive-enabled set-keep-alive-enabled keep-alive-idle-time set-keep-alive-idle-time'),
    methods('tcp-socket', 'keep-alive-interval set-keep-alive-interval keep-alive-count set-keep-alive-count'),
    methods('tcp-socket', 'hop-limit set-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size'),
    methods('tcp-socket', 'set-send-buffer-size subscribe shutdown'),
  ),
  row('wasi:sockets/tcp-create-socket', 'denies', functions('create-tcp-socket')),
  row(
    'wasi:sockets/udp',
    'denies',
    methods('udp-socket', 'start-bind finish-bind stream local-address remote-address address-family'),
    methods('udp-socket', 'unicast-hop-limit set-unicast-hop-limit receive-buffer-size set-receive-buffer-size'),
    methods('udp-socket', 'send-buffer-size set-send-buffer-size subscribe'),
    methods('incoming-datagram-stream', 'receive subscribe'),
    methods('outgoing-datagram-stream', 'check-send send subscribe'),
  ),
  row('wasi:sockets/udp-create-socket', 'denies', functions('create-udp-socket')),
];

const HTTP: readonly ServedInterface[] = [
  row(
    'wasi:http/types',
    'virtual',
    functions('http-error-code [constructor]fields [static]fields.from-list'),
    methods('fields', 'get has set delete append entries clone'),
    methods('incoming-request', 'method path-with-query scheme authority headers consume'),
    functions('[constructor]outgoing-request'),
    methods('outgoing-request', 'body method set-method path-with-query set-path-with-query scheme set-scheme'),
    methods('outgoing-request', 'authority set-authority headers'),
    functions('[constructor]request-options'),
    methods('request-options', 'connect-timeout set-connect-timeout first-byte-timeout set-first-byte-timeout'),
    methods('request-options', 'between-bytes-timeout set-between-bytes-timeout'),
    functions('[static]response-outparam.set'),
    methods('incoming-response', 'status headers consume'),
    methods('incoming-body', 'stream'),
    functions('[static]incoming-body.finish'),
    methods('future-trailers', 'subscribe get'),
    functions('[constructor]outgoing-response'),
    methods('outgoing-response', 'status-code set-status-code headers body'),
    methods('outgoing-body', 'write'),
    functions('[static]outgoing-body.finish'),
    methods('future-incoming-response', 'subscribe get'),
  ),
  row('wasi:http/outgoing-handler', 'http', functions('handle')),
];

/** Every interface of WASI 0.2 that the host knows, with each function: part of the import matrix. */
export const WASI_INTERFACES: readonly ServedInterface[] = [
  ...CLI,
  ...IO,
  ...CLOCKS_AND_RANDOM,
  ...FILESYSTEM,
  ...SOCKETS,
  ...HTTP,
];
