import type { TlsEntry } from '../../contracts/tls-entry.ts';

/** A mount, as far as it matters here. */
export interface MountedDirectory {
  readonly path: string;
  readonly directory: string;
  readonly access: 'ro' | 'rw';
}

/** Files of TLS entries that mounts show: a key that can be read, or anything that can be exchanged. Each with its mount. */
export function exposedCredentials(
  entries: readonly TlsEntry[],
  mounts: readonly MountedDirectory[],
): readonly { readonly mount: string; readonly path: string }[] {
  const shows = (directory: string, path: string) => path.startsWith(directory === '/' ? directory : `${directory}/`);
  return entries.flatMap(({ ca, certificate, key }) =>
    [ca, certificate, key].flatMap((path) =>
      path === undefined
        ? []
        : mounts
            .filter(({ directory, access }) => shows(directory, path) && (access === 'rw' || path === key))
            .map((mount) => ({ mount: mount.path, path })),
    ),
  );
}
