import { z } from 'zod';
import type { CredentialFiles, ResolveContext } from '../../contracts/gate-config.ts';
import { canonicalHost } from './canonical-host.ts';
import type { TlsEntry } from '../../contracts/tls-entry.ts';

const file = (meaning: string) =>
  z.string().min(1).optional().describe(`${meaning} PEM; relative to the configuration file.`);

/** The key `tls` of the section `http`. Verification cannot be turned off: there is no key for it. */
export const tlsSchema = z
  .array(
    z
      .strictObject({
        host: z
          .string()
          .min(1)
          .describe('A host, or `*.example.test` for every name with exactly one label more. The exact host wins.'),
        ca: file('Certificate authorities that are trusted for the host besides the built-in ones.'),
        certificate: file('Certificate with which this side shows itself to the host.'),
        key: file('Its private key. No mount may show it.'),
      })
      .describe('TLS with some hosts.'),
  )
  .max(256)
  .default([])
  .describe('Further authorities and client certificates, by host. The certificate of a server is always verified.');

type Section = z.output<typeof tlsSchema>;
type FileKey = 'ca' | 'certificate' | 'key';
const FILES: readonly FileKey[] = ['ca', 'certificate', 'key'];

/** Checks the entries; those with a problem are left out. */
export function resolveTls(section: Section, context: ResolveContext): readonly TlsEntry[] {
  const entries: TlsEntry[] = [];
  for (const [index, raw] of section.entries()) {
    const at = ['tls', index] as const;
    const host = entryHost(raw.host);
    if (host === undefined) {
      context.problem([...at, 'host'], `\`${raw.host}\` is not a host in canonical form, nor \`*.\` and a name`);
      continue;
    }
    if (entries.some((known) => known.host === host)) {
      context.problem([...at, 'host'], `\`${host}\` stands twice`);
      continue;
    }
    const files = resolveFiles(raw, at, context);
    if (files !== undefined) entries.push({ host, ...files });
  }
  return entries;
}

/** The host of an entry, if it is in the form in which the gate would write it. */
function entryHost(text: string): string | undefined {
  const name = text.startsWith('*.') ? text.slice(2) : text;
  const parsed = URL.parse(`https://${name.includes(':') ? `[${name}]` : name}/`);
  const canonical = parsed === null ? undefined : canonicalHost(parsed.hostname);
  if (canonical === undefined || (canonical.address?.text ?? canonical.text) !== name) return undefined;
  return name !== text && (canonical.address !== undefined || !name.includes('.')) ? undefined : text;
}

function resolveFiles(
  raw: Section[number],
  at: readonly (string | number)[],
  context: ResolveContext,
): CredentialFiles | undefined {
  const { directory, probe } = context;
  const files: Partial<Record<FileKey, string>> = {};
  const wrong: (readonly [path: readonly (string | number)[], message: string])[] = [];
  for (const key of FILES) {
    const given = raw[key];
    if (given === undefined) continue;
    const path = given.startsWith('/') ? given : `${directory}/${given}`;
    if (probe.kind(path) !== 'file') wrong.push([[...at, key], `there is no file \`${given}\``]);
    else if (!probe.readable(path)) wrong.push([[...at, key], `\`${given}\` cannot be read`]);
    // A link could lead elsewhere later: what is checked is what is read.
    else files[key] = probe.real(path) ?? path;
  }
  if (raw.ca === undefined && raw.certificate === undefined) wrong.push([at, 'names neither `ca` nor `certificate`']);
  if ((raw.certificate === undefined) !== (raw.key === undefined))
    wrong.push([at, '`certificate` and `key` need each other']);
  const unusable = wrong.length > 0 ? undefined : probe.credentials?.(files);
  if (unusable !== undefined) wrong.push([at, `the files cannot be used: ${unusable}`]);
  for (const [path, message] of wrong) context.problem(path, message);
  return wrong.length > 0 ? undefined : files;
}
