import { basename } from 'node:path';

/** What a sandbox shows of the machine, and where. `descriptor` is a number in the process that makes the sandbox. */
export interface SandboxPlan {
  readonly system: readonly string[];
  /** Directories of the machine, shown read-only under their own name. */
  readonly readOnly: readonly string[];
  readonly mounts: readonly { readonly descriptor: number; readonly path: string; readonly access: 'ro' | 'rw' }[];
  /** Programs and scripts, shown under their own name whatever has it now. */
  readonly programs: readonly { readonly descriptor: number; readonly path: string }[];
  readonly network: boolean;
  readonly environment: readonly (readonly [string, string])[];
  readonly directory: string;
  /** The argument list of the first program in the sandbox. */
  readonly command: readonly string[];
}

/** Nobody's number on the machine, an ordinary one in the sandbox. */
const USER = '1000';
const TEMPORARY_BYTES = String(64 * 1024 * 1024);
/** Where programs lie that are called by another name than their file has: some do what their name says. */
const ALIASES = '/run/sallyport';

/** Where a program lies in its sandbox, so that it sees the name that it was called by. */
export const sandboxedPath = (file: string, name: string): string =>
  basename(name) === basename(file) ? file : `${ALIASES}/${basename(name)}`;

/** The argument list of bubblewrap. */
export function sandboxArguments(plan: SandboxPlan): string[] {
  return [
    ...['--unshare-all', '--unshare-user', '--disable-userns', ...(plan.network ? ['--share-net'] : [])],
    ...['--uid', USER, '--gid', USER, '--hostname', 'sandbox'],
    ...['--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...plan.system,
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', TEMPORARY_BYTES, '--tmpfs', '/dev/shm', '--size', TEMPORARY_BYTES, '--tmpfs', '/tmp'],
    ...plan.readOnly.flatMap((path) => ['--ro-bind', path, path]),
    ...plan.mounts.flatMap(({ descriptor, path, access }) => [
      access === 'rw' ? '--bind-fd' : '--ro-bind-fd',
      String(descriptor),
      path,
    ]),
    ...plan.programs.flatMap(({ descriptor, path }) => ['--ro-bind-fd', String(descriptor), path]),
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...plan.environment.flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', plan.directory, '--', ...plan.command],
  ];
}

/** Parts of the system that programs need; `kindOf` says what is at a path. */
export function systemArguments(
  kindOf: (path: string) => { readonly link: string } | 'directory' | 'other' | undefined,
  network: boolean,
): string[] {
  const shown = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'].flatMap((path) => {
    const kind = kindOf(path);
    if (kind === 'directory') return ['--ro-bind', path, path];
    return typeof kind === 'object' ? ['--symlink', kind.link, path] : [];
  });
  const settings = [...SETTINGS, ...(network ? NETWORK_SETTINGS : [])];
  return [...shown, ...settings.flatMap((path) => ['--ro-bind-try', path, path])];
}

const SETTINGS = ['/etc/ld.so.cache', '/etc/alternatives', '/etc/localtime', '/etc/mime.types'];
const NETWORK_SETTINGS = [
  ...['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/services', '/etc/protocols'],
  ...['/etc/ssl/certs', '/etc/ca-certificates', '/etc/pki/tls/certs'],
];

/**
 * What waits in a sandbox for the one call that it is for: says that the sandbox stands, reads the argument list, and
 * becomes the program. It reads shell text, because a shell is what every system has; the text is made by `launchText`.
 */
export const LAUNCHER = ['/bin/sh', '-c', 'echo >&4; exec 4>&-; . /dev/fd/3'];
export const LAUNCHER_DESCRIPTORS = { order: 3, ready: 4, first: 5 } as const;

/**
 * The order to become a program. Between single quotes a shell reads every byte as it stands, up to the next single
 * quote; that one is written outside of them.
 */
export const launchText = (argv: readonly string[], secrets: readonly (readonly [string, string])[] = []): string => {
  // Here and in no argument list: that of bubblewrap can be read by everybody on the machine.
  const exported = secrets.map(([name, value]) => `export ${name}=${quoted(value)}\n`).join('');
  return `unset PWD OLDPWD\n${exported}exec ${argv.map(quoted).join(' ')} ${LAUNCHER_DESCRIPTORS.order}<&-\n`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
