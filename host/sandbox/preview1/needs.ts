/** Functions of one WASI 0.2 interface, by their WIT names. */
export interface Preview1Need {
  readonly interface: string;
  readonly functions: readonly string[];
}

type Needs = readonly Preview1Need[];

const need = (iface: string, names: string): Preview1Need => ({
  interface: iface,
  functions: names.split(' '),
});
const descriptor = (names: string): Preview1Need =>
  need(
    'wasi:filesystem/types',
    names
      .split(' ')
      .map((name) => `[method]descriptor.${name}`)
      .join(' '),
  );

const NOTHING: Needs = [];
const ENVIRONMENT = (name: string): Needs => [need('wasi:cli/environment', name)];

const WALL = (name: string): Preview1Need => need('wasi:clocks/wall-clock', name);
const MONOTONIC = (names: string): Preview1Need => need('wasi:clocks/monotonic-clock', names);

/** Whatever takes a descriptor may be the first to ask which there are. */
const PREOPENS = need('wasi:filesystem/preopens', 'get-directories');
const STDIN = need('wasi:cli/stdin', 'get-stdin');
const STDOUT = need('wasi:cli/stdout', 'get-stdout');
const STDERR = need('wasi:cli/stderr', 'get-stderr');
const TERMINALS: Needs = [
  need('wasi:cli/terminal-stdin', 'get-terminal-stdin'),
  need('wasi:cli/terminal-stdout', 'get-terminal-stdout'),
  need('wasi:cli/terminal-stderr', 'get-terminal-stderr'),
];
const INPUT = need('wasi:io/streams', '[method]input-stream.read [method]input-stream.blocking-read');
const OUTPUT = need(
  'wasi:io/streams',
  '[method]output-stream.check-write [method]output-stream.write [method]output-stream.blocking-flush ' +
    '[method]output-stream.blocking-write-and-flush',
);
/** What failed behind a stream. */
const FAILURE = need('wasi:filesystem/types', 'filesystem-error-code');

const descriptors = (names: string): Needs => [PREOPENS, descriptor(names)];
const CLOSING: Needs = [PREOPENS];

/** Which functions of WASI 0.2 each function of `wasi_snapshot_preview1` can reach. Its keys are all that there are. */
export const PREVIEW1_NEEDS: ReadonlyMap<string, Needs> = new Map<string, Needs>([
  ['args_get', ENVIRONMENT('get-arguments')],
  ['args_sizes_get', ENVIRONMENT('get-arguments')],
  ['environ_get', ENVIRONMENT('get-environment')],
  ['environ_sizes_get', ENVIRONMENT('get-environment')],
  ['clock_res_get', [WALL('resolution'), MONOTONIC('resolution')]],
  ['clock_time_get', [WALL('now'), MONOTONIC('now')]],
  ['fd_advise', descriptors('advise')],
  ['fd_allocate', descriptors('stat set-size')],
  ['fd_close', CLOSING],
  ['fd_datasync', descriptors('sync-data')],
  ['fd_fdstat_get', [PREOPENS, ...TERMINALS]],
  ['fd_fdstat_set_flags', CLOSING],
  ['fd_fdstat_set_rights', CLOSING],
  ['fd_filestat_get', [...descriptors('stat metadata-hash'), ...TERMINALS]],
  ['fd_filestat_set_size', descriptors('set-size')],
  ['fd_filestat_set_times', descriptors('set-times')],
  ['fd_pread', descriptors('read')],
  ['fd_prestat_get', CLOSING],
  ['fd_prestat_dir_name', CLOSING],
  ['fd_pwrite', descriptors('write')],
  ['fd_read', [...descriptors('read'), STDIN, INPUT, FAILURE]],
  [
    'fd_readdir',
    [
      ...descriptors('read-directory metadata-hash metadata-hash-at'),
      need('wasi:filesystem/types', '[method]directory-entry-stream.read-directory-entry'),
    ],
  ],
  ['fd_renumber', CLOSING],
  ['fd_seek', descriptors('stat')],
  ['fd_sync', descriptors('sync')],
  ['fd_tell', CLOSING],
  ['fd_write', [...descriptors('write append-via-stream stat'), STDOUT, STDERR, OUTPUT, FAILURE]],
  ['path_create_directory', descriptors('create-directory-at')],
  ['path_filestat_get', descriptors('stat-at metadata-hash-at')],
  ['path_filestat_set_times', descriptors('set-times-at')],
  ['path_link', descriptors('link-at')],
  ['path_open', descriptors('get-flags get-type open-at')],
  ['path_readlink', descriptors('readlink-at')],
  ['path_remove_directory', descriptors('remove-directory-at')],
  ['path_rename', descriptors('rename-at')],
  ['path_symlink', descriptors('symlink-at')],
  ['path_unlink_file', descriptors('unlink-file-at')],
  [
    'poll_oneoff',
    [
      ...descriptors('stat'),
      WALL('now'),
      MONOTONIC('subscribe-instant subscribe-duration'),
      STDIN,
      STDOUT,
      STDERR,
      need('wasi:io/streams', '[method]input-stream.subscribe [method]output-stream.subscribe'),
      need('wasi:io/poll', '[method]pollable.ready poll'),
    ],
  ],
  ['proc_exit', [need('wasi:cli/exit', 'exit-with-code')]],
  ['proc_raise', NOTHING],
  ['random_get', [need('wasi:random/random', 'get-random-bytes')]],
  ['sched_yield', NOTHING],
  ['sock_accept', CLOSING],
  ['sock_recv', CLOSING],
  ['sock_send', CLOSING],
  ['sock_shutdown', CLOSING],
]);
