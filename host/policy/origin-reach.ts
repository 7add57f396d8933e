import type { PolicySlice } from './policy-snapshot.ts';
import { parseResourcePattern, type ResourcePattern } from './resource-pattern.ts';
import { SCHEMES } from './resource-parts.ts';
import { capabilityOf } from './vocabulary.ts';

/** An origin, or all of those that have one label before a name. */
export interface OriginFamily {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly wild: boolean;
  readonly port: number;
}

/** The upper bound of what a slice allows, by where it leads. A decision is made by the decision point alone. */
export interface Destinations {
  /** Whether some rule allows a request to the origin, or to one of the family. */
  readonly origin: (family: OriginFamily) => boolean;
  readonly database: (name: string) => boolean;
  /** The hosts of the family that rules name one by one; `undefined` where one of them has a wildcard. */
  readonly named: (family: OriginFamily) => readonly string[] | undefined;
}

/** Reads the allow rows of a slice. */
export function createDestinations(slice: PolicySlice): Destinations {
  const allowed = slice.rows.flatMap((text) => {
    const [, action = '', resource = '', , effect] = text.split(', ');
    return effect === 'allow' ? [{ capability: capabilityOf(action), pattern: parseResourcePattern(resource) }] : [];
  });
  const patterns = (capability: string) =>
    allowed.flatMap((row) => (row.capability === capability ? [row.pattern] : []));
  const [http, db] = [patterns('http'), patterns('db')];
  return Object.freeze({
    origin: (family: OriginFamily) => http.some((pattern) => meets(pattern, family)),
    named(family: OriginFamily): readonly string[] | undefined {
      const met = http.filter((pattern) => meets(pattern, family));
      return met.some(({ host }) => host !== undefined) ? undefined : met.map(({ parts }) => parts.host);
    },
    database: (name: string) =>
      db.some(({ parts }) => {
        const [first = ''] = parts.path;
        return first === name || first.includes('*');
      }),
  });
}

function meets({ parts, host: wildcard }: ResourcePattern, { scheme, host, wild, port }: OriginFamily): boolean {
  const shown = String(port) === SCHEMES.get(scheme) ? '' : `:${port}`;
  if (parts.head !== `${scheme}://${shown}`) return false;
  if (wildcard === undefined) return wild ? isOneLabelMore(parts.host, host) : parts.host === host;
  const { many, suffix } = wildcard; // begins with a dot, or is empty
  if (!wild) {
    if (/^[\d.]+$|^\[/u.test(host)) return false; // a wildcard never stands for an address
    const length = host.length - suffix.length;
    return length > 0 && host.endsWith(suffix) && (many || host.indexOf('.') === length);
  }
  return many ? `.${host}`.endsWith(suffix) : suffix === `.${host}`;
}

function isOneLabelMore(host: string, domain: string): boolean {
  const length = host.length - domain.length - 1;
  return length > 0 && host.endsWith(`.${domain}`) && host.indexOf('.') === length;
}
