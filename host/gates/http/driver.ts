import type { Clock } from '../../contracts/powers.ts';
import type { DriverResult, OutcomeFacts } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import { mayReach, type ClassifyAddress } from './address-range.ts';
import type { HttpConfig } from './config.ts';
import type { Decompressor } from './decompressor.ts';
import type { DialCall, Flow, HttpDialer } from './dialer.ts';
import { parseAddress, type IpAddress } from './ip-address.ts';
import type { HttpTarget } from './request.ts';
import type { Resolver } from './resolver.ts';
import { createResponseBody, type ResponseBody } from './response-body.ts';
import { readHead, type ReadHead } from './response-header.ts';
import type { HttpFailure } from './wit-error.ts';

/** What the driver is given. */
export interface DriverPowers {
  readonly redeem: Redeem;
  readonly resolver: Resolver;
  readonly dialer: HttpDialer;
  readonly decompressor: Decompressor;
  readonly clock: Clock;
  readonly classify: ClassifyAddress;
  readonly config: HttpConfig;
}

/** The answer to one request, its body whole or still to be read. */
export interface Answer<Body> {
  readonly target: HttpTarget;
  readonly head: ReadHead;
  readonly body: Body;
}

/** Performs one request, never a redirect, from a grant. */
export interface HttpDriver {
  readonly fetch: (grant: Grant<HttpTarget>) => Promise<DriverResult<Answer<Uint8Array>, HttpFailure>>;
  readonly open: (grant: Grant<HttpTarget>) => Promise<DriverResult<Answer<ResponseBody>, HttpFailure>>;
}

type Mode = 'fetch' | 'open';
type Failed = { readonly status: 'failed'; readonly failure: HttpFailure; readonly sent: boolean };
type Dialled = Failed | { readonly status: 'arrived'; readonly head: ReadHead; readonly body: ResponseBody };
type Vetted = readonly [string, ...string[]];
type Arrived = {
  readonly status: 'arrived';
  readonly head: ReadHead;
  readonly body: ResponseBody;
  readonly address: string;
};
type Ended<Value> = Exclude<DriverResult<Value, HttpFailure>, { status: 'ok' }>;

const MOST_ATTEMPTS = 4;
const MOST_PREFERENCES = 256;

/** Makes the driver of one run. */
export function createHttpDriver(powers: DriverPowers): HttpDriver {
  const { redeem, config, clock } = powers;
  // Where a name has several addresses, the one that answered last time is tried first. Every one is vetted each time.
  const preferred = new Map<string, string>();

  async function reach(claim: Claim<HttpTarget>, mode: Mode): Promise<Arrived | Ended<never>> {
    const { target } = claim;
    const deadline = createDeadline(clock, Math.min(config.timeouts.totalMs, claim.obligations.timeoutMs ?? Infinity));
    const vetted = await vettedAddresses(powers, claim, deadline.leftMs());
    if ('status' in vetted) return vetted;
    let dialled: Dialled = { status: 'failed', failure: 'timed-out', sent: false };
    const order = inOrder(vetted, preferred.get(target.origin));
    for (const address of order) {
      const totalMs = deadline.leftMs();
      if (totalMs <= 0) break;
      dialled = await dial(powers, callFor(claim, address, mode, config, totalMs), target, mode);
      if (dialled.status === 'arrived') {
        remember(preferred, target.origin, address);
        return { ...dialled, address };
      }
      // Only a request of which no byte left may be tried elsewhere.
      if (dialled.sent) break;
    }
    return failed(dialled.failure, { detail: { addresses: order } });
  }

  return Object.freeze({
    async fetch(grant: Grant<HttpTarget>): Promise<DriverResult<Answer<Uint8Array>, HttpFailure>> {
      const claim = redeem(grant);
      const arrived = await reach(claim, 'fetch');
      if (arrived.status !== 'arrived') return arrived;
      const read = await arrived.body.readAll();
      const facts = factsOf(claim, arrived);
      if (read.kind === 'failed') return failed(read.failure, facts);
      const body = read.kind === 'data' ? read.bytes : new Uint8Array(0);
      return { status: 'ok', value: { target: claim.target, head: arrived.head, body }, facts };
    },

    async open(grant: Grant<HttpTarget>): Promise<DriverResult<Answer<ResponseBody>, HttpFailure>> {
      const claim = redeem(grant);
      const arrived = await reach(claim, 'open');
      if (arrived.status !== 'arrived') return arrived;
      const { head, body } = arrived;
      return { status: 'ok', value: { target: claim.target, head, body }, facts: factsOf(claim, arrived) };
    },
  });
}

/** Every address of the target, or why none may be dialled. One forbidden address forbids the name (CWE-350). */
async function vettedAddresses(
  powers: DriverPowers,
  claim: Claim<HttpTarget>,
  leftMs: number,
): Promise<Vetted | Ended<never>> {
  const { target } = claim;
  const naming = {
    named: claim.rules.some((rule) => rule.namesHost),
    literal: target.address !== undefined,
    networks: powers.config.networks,
  };
  const refusal = (address: IpAddress): Ended<never> | undefined => {
    const range = powers.classify(address);
    return mayReach(address, range, naming) ? undefined : forbidden(address.text, range.name);
  };
  if (target.address !== undefined) return refusal(target.address) ?? [target.address.text];
  const resolution = await powers.resolver.resolve(target.host, Math.min(powers.config.timeouts.connectMs, leftMs));
  if (resolution.kind === 'timed-out') return failed('timed-out');
  if (resolution.kind === 'not-found') return failed('name-not-resolved');
  const texts: string[] = [];
  for (const text of resolution.addresses) {
    const address = parseAddress(text);
    const refused = address === undefined ? forbidden('(not an address)', 'unknown') : refusal(address);
    if (refused !== undefined) return refused;
    if (address !== undefined) texts.push(address.text);
  }
  const [first, ...others] = texts;
  return first === undefined ? failed('name-not-resolved') : [first, ...others];
}

const forbidden = (address: string, range: string): Ended<never> => ({
  status: 'denied',
  reason: 'address-forbidden',
  facts: { detail: { address, range } },
});

const failed = (failure: HttpFailure, facts: OutcomeFacts = {}): Ended<never> & { status: 'failed' } => ({
  status: 'failed',
  failure,
  code: failure,
  facts,
});

function factsOf(claim: Claim<HttpTarget>, { head, body, address }: Arrived): OutcomeFacts {
  const { timeoutMs } = claim.obligations;
  return {
    bytesIn: body.receivedBytes(),
    bytesOut: claim.target.body?.length ?? 0,
    detail: { status: head.status, address },
    ...(timeoutMs === undefined ? {} : { discharged: { timeoutMs } }),
  };
}

function callFor(claim: Claim<HttpTarget>, address: string, mode: Mode, config: HttpConfig, totalMs: number): DialCall {
  const { target, generation, obligations } = claim;
  const { connectMs, firstByteMs, idleMs } = config.timeouts;
  return {
    origin: target.origin,
    address,
    generation,
    method: target.method,
    path: target.path,
    headers: target.fields.flat(),
    body: target.body,
    connectMs,
    firstByteMs,
    idleMs,
    totalMs,
    // A rule's timeout bounds the whole effect; the configuration's leaves a stream to its idle deadline.
    deadline: mode === 'fetch' || obligations.timeoutMs !== undefined ? 'whole' : 'header',
  };
}

/** One attempt on one address, until the header is there. */
function dial(powers: DriverPowers, call: DialCall, target: HttpTarget, mode: Mode): Promise<Dialled> {
  const { config, decompressor } = powers;
  const whole = mode === 'fetch';
  const limits = { maxBytes: whole ? config.maxResponseBytes : config.maxStreamBytes, maxRatio: config.maxRatio };
  return new Promise((resolve) => {
    let body: ResponseBody | undefined;
    const refuse = (failure: HttpFailure, flow: Flow): void => {
      flow.abort();
      resolve({ status: 'failed', failure, sent: true });
    };
    powers.dialer.dial(call, {
      head(received, flow) {
        const head = readHead(received, target.method);
        if (typeof head === 'string') {
          refuse(head, flow);
        } else if (head.length !== undefined && head.length > limits.maxBytes) {
          refuse('response-too-large', flow);
        } else {
          body = createResponseBody({ flow, coding: head.coding, decompressor, limits, whole });
          resolve({ status: 'arrived', head, body });
        }
      },
      data: (chunk) => body?.data(chunk),
      end: () => body?.end(),
      fail(failure, sent) {
        if (body === undefined) resolve({ status: 'failed', failure, sent });
        else body.fail(failure);
      },
    });
  });
}

/** Time left of `totalMs`, from now. */
function createDeadline(clock: Clock, totalMs: number) {
  const endUs = clock.monotonicUs() + totalMs * 1000;
  return { leftMs: (): number => Math.ceil((endUs - clock.monotonicUs()) / 1000) };
}

/** The families take turns (RFC 8305, section 4), so that a machine without one of them still arrives. */
function inOrder(addresses: Vetted, first: string | undefined): readonly string[] {
  if (first !== undefined && addresses.includes(first))
    return [first, ...addresses.filter((other) => other !== first)].slice(0, MOST_ATTEMPTS);
  const isV6 = (address: string) => address.includes(':');
  const leading = addresses.filter((address) => isV6(address) === isV6(addresses[0]));
  const others = addresses.filter((address) => isV6(address) !== isV6(addresses[0]));
  return leading
    .flatMap((address, index) => [address, ...others.slice(index, index + 1)])
    .concat(others.slice(leading.length))
    .slice(0, MOST_ATTEMPTS);
}

function remember(preferred: Map<string, string>, origin: string, address: string): void {
  if (preferred.size >= MOST_PREFERENCES && !preferred.has(origin)) preferred.clear();
  preferred.set(origin, address);
}
