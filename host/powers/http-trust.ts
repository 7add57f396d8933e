import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { SecureContext } from 'node:tls';
import { tlsEntryOf, type TlsEntry } from '../contracts/tls-entry.ts';
import type { CredentialFiles } from '../contracts/gate-config.ts';

const OLDEST = 'TLSv1.2';

/** Whom a host must prove itself to, and as whom this side shows itself. */
export interface Trust {
  /** What the configuration says of the host; `undefined` where it says nothing. Throws where its files are broken. */
  contextFor(host: string): SecureContext | undefined;
}

/** Reads the files of the configuration, each once, when its host is first dialled. */
export function createTrust(entries: readonly TlsEntry[]): Trust {
  const contexts = new Map<TlsEntry, SecureContext>();
  return Object.freeze({
    contextFor(host: string): SecureContext | undefined {
      const entry = tlsEntryOf(entries, host);
      if (entry === undefined) return undefined;
      const known = contexts.get(entry);
      if (known !== undefined) return known;
      const context = readContext(entry);
      contexts.set(entry, context);
      return context;
    },
  });
}

/** Why files cannot serve a TLS client; `undefined` if they can. */
export function credentialProblem(files: CredentialFiles): string | undefined {
  try {
    readContext(files);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readContext({ ca, certificate, key }: CredentialFiles): SecureContext {
  // Loaded here: a configuration without such files, and every command that only reads one, start without it.
  const { createSecureContext, rootCertificates } = process.getBuiltinModule('node:tls');
  return createSecureContext({
    minVersion: OLDEST,
    // Named authorities take the place of the built-in ones, so those are named as well.
    ...(ca === undefined ? {} : { ca: [...rootCertificates, pem(ca, 'CERTIFICATE')] }),
    ...(certificate === undefined ? {} : { cert: pem(certificate, 'CERTIFICATE') }),
    ...(key === undefined ? {} : { key: pem(key, 'PRIVATE KEY') }),
  });
}

/** The text of a PEM file. OpenSSL passes over a list of authorities in which it finds none. */
function pem(path: string, label: 'CERTIFICATE' | 'PRIVATE KEY'): string {
  const text = readFileSync(path, 'utf8');
  if (!text.includes('-----BEGIN ') || !text.includes(`${label}-----`))
    throw new Error(`no PEM ${label.toLowerCase()}`);
  return text;
}
