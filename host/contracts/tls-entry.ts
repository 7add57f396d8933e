import type { CredentialFiles } from './gate-config.ts';

/** How TLS is spoken with some hosts. The files are named here and read where connections are made. */
export interface TlsEntry extends CredentialFiles {
  /** A canonical host, or `*.` and the rest of a name: exactly one label more. */
  readonly host: string;
}

/** The entry for a canonical host: the one that names it, else the one whose wildcard fits. */
export function tlsEntryOf(entries: readonly TlsEntry[], host: string): TlsEntry | undefined {
  const dot = host.indexOf('.');
  const wildcard = dot < 0 ? undefined : `*${host.slice(dot)}`;
  return entries.find((entry) => entry.host === host) ?? entries.find((entry) => entry.host === wildcard);
}
