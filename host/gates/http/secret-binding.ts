import { z } from 'zod';
import { canonicalHost } from './canonical-host.ts';
import type { CanonicalUrl } from './canonical-url.ts';
import { isForbidden } from './request-header.ts';

/** The case `http` of a secret's uses. */
export const httpBindingSchema = z
  .strictObject({
    hosts: z
      .array(z.string().min(1).max(300))
      .min(1)
      .max(64)
      .describe(
        'Where the header is sent, always by https: `HOST`, `HOST:PORT`, or `*.DOMAIN` for every name with exactly one label ' +
          'more. `http://` is possible for an address of loopback alone, and is written out: `http://127.0.0.1:8080`.',
      ),
    header: z.string().min(1).max(64).describe('Name of the header field that carries the secret.'),
    format: z
      .string()
      .max(256)
      .default('{}')
      .describe('The value of the field; `{}` stands for the secret: `Bearer {}`. `{}` without it.'),
  })
  .describe('A header field of requests. The gate sets it once a request is allowed; an agent never sees it.');

export type RawHttpBinding = z.output<typeof httpBindingSchema>;

/** An origin, or a family of them. */
export interface SecretOrigin {
  readonly scheme: 'http' | 'https';
  /** A canonical host; with `wild`, every name that has exactly one label before it. */
  readonly host: string;
  readonly wild: boolean;
  readonly port: number;
}

/** Which header of which origins carries a secret. Plain data. */
export interface HttpSecretBinding {
  /** The secret's name. */
  readonly secret: string;
  readonly origins: readonly SecretOrigin[];
  /** In lower case. */
  readonly header: string;
  /** What stands before and after the value. */
  readonly format: readonly [string, string];
}

/** Fields that say what a body is, or what the host itself says: none of them proves who asks. */
const NOT_FOR_SECRETS = /^(?:content-.*|accept(?:-.*)?|user-agent|date|range|if-.*)$/u;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u; // RFC 9110, section 5.6.2
const PRINTABLE = /^[\x20-\x7e]*$/u;

/** Checks a binding. `problem` is told the key within it. */
export function resolveHttpBinding(
  secret: string,
  { hosts, header, format }: RawHttpBinding,
  problem: (key: readonly (string | number)[], message: string) => void,
): HttpSecretBinding {
  const name = header.toLowerCase();
  if (!TOKEN.test(header)) problem(['header'], `\`${header}\` is not the name of a header field`);
  else if (isForbidden(name) || NOT_FOR_SECRETS.test(name))
    problem(['header'], `\`${header}\` belongs to the host or to the body: it cannot carry a secret`);
  const [before = '', after, ...more] = format.split('{}');
  if (after === undefined || more.length > 0) problem(['format'], '`{}` must stand in it exactly once');
  else if (!PRINTABLE.test(format) || format.trim() !== format)
    problem(['format'], 'holds a character outside of printable ASCII, or space around it');
  const origins = hosts.flatMap((text, index): SecretOrigin[] => {
    const origin = parseOrigin(text);
    if (typeof origin !== 'string') return [origin];
    problem(['hosts', index], `\`${text}\` ${origin}`);
    return [];
  });
  return { secret, origins, header: name, format: [before, after ?? ''] };
}

const HOST = /^(?:(https?):\/\/)?(\*\.)?(\[[^\]/]*\]|[^:/]+)(?::(\d{1,5}))?$/iu;

/** Reads one entry of `hosts`, or says what is wrong with it. */
function parseOrigin(text: string): SecretOrigin | string {
  const [, scheme, wildcard, name = '', portText] = HOST.exec(text) ?? [];
  if (name === '') return 'is not a host: write `HOST`, `HOST:PORT` or `*.DOMAIN`';
  if (scheme === 'https') return `is https without saying so: write \`${text.slice('https://'.length)}\``;
  const wild = wildcard !== undefined;
  if (name.includes('*')) return 'has a wildcard that is not the whole first label: write `*.DOMAIN`';
  const parsed = URL.parse(`https://${name}/`);
  const canonical = parsed === null ? undefined : canonicalHost(parsed.hostname);
  if (canonical === undefined) return 'is not a host: write `HOST`, `HOST:PORT` or `*.DOMAIN`';
  if (canonical.text !== name) return `is not in canonical form: write \`${canonical.text}\``;
  if (wild && (canonical.address !== undefined || !name.includes('.')))
    return 'is too broad: behind `*.` stands a domain of at least two labels';
  const port = portText === undefined ? (scheme === undefined ? 443 : 80) : Number(portText);
  if (port < 1 || port > 65_535) return 'has a port that does not exist: 1 to 65535';
  if (scheme === undefined) return { scheme: 'https', host: name, wild, port };
  if (wild || !/^(?:127\.\d+\.\d+\.\d+|\[::1\])$/u.test(name))
    return 'would send a secret without TLS: `http://` is possible for an address of loopback alone (`127.0.0.1`)';
  return { scheme: 'http', host: name, wild, port };
}

/** Whether a secret belongs to the origin of a URL. */
export const isBound = ({ origins }: HttpSecretBinding, url: CanonicalUrl): boolean =>
  origins.some((origin) => {
    if (origin.scheme !== url.scheme || origin.port !== url.port) return false;
    if (!origin.wild) return origin.host === url.host;
    return url.address === undefined && isOneLabelMore(url.host, origin.host);
  });

function isOneLabelMore(host: string, domain: string): boolean {
  const length = host.length - domain.length - 1;
  return length > 0 && host.endsWith(`.${domain}`) && host.indexOf('.') === length;
}

/** Whether two bindings would set the same field of some request. */
export function doCollide(one: HttpSecretBinding, other: HttpSecretBinding): boolean {
  if (foldedName(one.header) !== foldedName(other.header)) return false;
  return one.origins.some((a) => other.origins.some((b) => doOverlap(a, b)));
}

function doOverlap(a: SecretOrigin, b: SecretOrigin): boolean {
  if (a.scheme !== b.scheme || a.port !== b.port) return false;
  if (a.wild === b.wild) return a.host === b.host;
  return a.wild ? isOneLabelMore(b.host, a.host) : isOneLabelMore(a.host, b.host);
}

/** Gateways that pass fields as environment variables cannot tell `_` from `-` (RFC 3875, section 4.1.18). */
export const foldedName = (name: string): string => name.toLowerCase().replaceAll('_', '-');
