import { after, type Pending } from '../../contracts/pending.ts';
import type { RuleRef } from '../../contracts/decision.ts';
import { mayReach, type ClassifyAddress } from './address-range.ts';
import { parseAddress, type IpAddress, type Network } from './ip-address.ts';
import type { HttpTarget } from './request.ts';
import type { Resolution, Resolver } from './resolver.ts';

/** Addresses that may be dialled. */
export type Vetted = readonly [string, ...string[]];

/** What vetting found: addresses, or why none may be dialled. */
export type Vetting =
  | { readonly kind: 'vetted'; readonly addresses: Vetted }
  | { readonly kind: 'forbidden'; readonly address: string; readonly range: string }
  | { readonly kind: 'name-not-resolved' | 'timed-out' };

/** What vetting depends on besides the request. */
export interface VettingOptions {
  readonly resolver: Resolver;
  readonly classify: ClassifyAddress;
  readonly networks: readonly Network[];
  /** The rules that allowed the request. */
  readonly rules: readonly RuleRef[];
  readonly timeoutMs: number;
}

/** Every address of the target, or why none may be dialled. One forbidden address forbids the name (CWE-350). */
export function vetAddresses(target: HttpTarget, options: VettingOptions): Pending<Vetting> {
  const { classify, networks, rules, resolver, timeoutMs } = options;
  const literal = target.address !== undefined;
  const naming = { named: rules.some((rule) => rule.namesHost), literal, networks };
  const refusal = (address: IpAddress): Vetting | undefined => {
    const range = classify(address);
    return mayReach(address, range, naming) ? undefined : forbidden(address.text, range.name);
  };
  if (target.address !== undefined)
    return refusal(target.address) ?? { kind: 'vetted', addresses: [target.address.text] };
  return after(resolver.resolve(target.host, timeoutMs), (resolution) => vetAll(resolution, refusal));
}

function vetAll(resolution: Resolution, refusal: (address: IpAddress) => Vetting | undefined): Vetting {
  if (resolution.kind === 'timed-out') return { kind: 'timed-out' };
  if (resolution.kind === 'not-found') return { kind: 'name-not-resolved' };
  const texts: string[] = [];
  for (const text of resolution.addresses) {
    const address = parseAddress(text);
    if (address === undefined) return forbidden('(not an address)', 'unknown');
    const refused = refusal(address);
    if (refused !== undefined) return refused;
    texts.push(address.text);
  }
  const [first, ...others] = texts;
  return first === undefined ? { kind: 'name-not-resolved' } : { kind: 'vetted', addresses: [first, ...others] };
}

const forbidden = (address: string, range: string): Vetting => ({ kind: 'forbidden', address, range });

const MOST_ATTEMPTS = 4;
const MOST_PREFERENCES = 256;

/** The order in which addresses are tried. */
export interface AttemptOrder {
  order(origin: string, addresses: Vetted): readonly string[];
  /** Notes the address that answered: it is tried first the next time, after it was vetted like every other. */
  answered(origin: string, address: string): void;
}

/** Makes the memory of which addresses answered. */
export function createAttemptOrder(): AttemptOrder {
  const preferred = new Map<string, string>();
  return Object.freeze({
    order(origin: string, addresses: Vetted): readonly string[] {
      if (addresses.length === 1) return addresses;
      const first = preferred.get(origin);
      if (first === undefined || !addresses.includes(first)) return inTurns(addresses).slice(0, MOST_ATTEMPTS);
      return [first, ...addresses.filter((other) => other !== first)].slice(0, MOST_ATTEMPTS);
    },
    answered(origin: string, address: string): void {
      if (preferred.size >= MOST_PREFERENCES && !preferred.has(origin)) preferred.clear();
      preferred.set(origin, address);
    },
  });
}

/** The families take turns (RFC 8305, section 4), so that a machine without one of them still arrives. */
function inTurns(addresses: Vetted): readonly string[] {
  const isV6 = (address: string) => address.includes(':');
  const leading = addresses.filter((address) => isV6(address) === isV6(addresses[0]));
  const others = addresses.filter((address) => isV6(address) !== isV6(addresses[0]));
  return leading
    .flatMap((address, index) => [address, ...others.slice(index, index + 1)])
    .concat(others.slice(leading.length));
}
