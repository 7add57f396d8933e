import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate, GateServices } from '../../contracts/gate.ts';
import type { HostInterface } from '../../contracts/guest-import.ts';
import type { Pending } from '../../contracts/pending.ts';
import type { Clock } from '../../contracts/powers.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import { createRedactors, type Redactors } from '../../redaction/redactor.ts';
import { classifyAddress, type ClassifyAddress } from './address-range.ts';
import { createUrlCanonicaliser } from './canonical-url.ts';
import type { HttpConfig } from './config.ts';
import type { Decompressor } from './decompressor.ts';
import type { HttpDialer } from './dialer.ts';
import { createHttpDriver, type Answer, type BegunUpload } from './driver.ts';
import { createIncomingBodies, type IncomingBodyHandle } from './incoming-body.ts';
import { createOpenExchanges } from './open-exchanges.ts';
import { createOutgoingBodies, type OutgoingBodyHandle } from './outgoing-body.ts';
import { hopLimit, nextHop, type Next } from './redirect.ts';
import type { HttpSecrets } from './secret-header.ts';
import { parseIntention, parseRequest, type GuestRequest, type GuestUpload, type HttpTarget } from './request.ts';
import type { Resolver } from './resolver.ts';
import type { ResponseBody } from './response-body.ts';
import { createHttpService } from './service.ts';
import { throwHttpError, valueOrThrow, type DriverFailure } from './wit-error.ts';

export { ACTIONS, isHttpArgument } from './request.ts';
export { doCollide, type HttpSecretBinding } from './secret-binding.ts';
export type { HttpSecrets } from './secret-header.ts';
export type { HttpDialer } from './dialer.ts';
export type { Resolver } from './resolver.ts';
export type { Decompressor } from './decompressor.ts';

/** `sallyport:agent/http` in the import matrix. */
export const HTTP_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/http',
  versions: ['0.1.0'],
  servedBy: 'http',
  functions: [
    { name: 'fetch', waits: true },
    { name: 'open', waits: true },
    { name: 'upload', waits: true },
    { name: '[method]incoming-body.read', waits: true },
    { name: '[method]outgoing-body.write', waits: true },
    { name: '[method]outgoing-body.finish', waits: true },
  ],
};

/** What the gate is made of. */
export interface HttpGateDeps {
  readonly pipeline: Pipeline;
  readonly config: HttpConfig;
  readonly resolver: Resolver;
  /** Belongs to this gate: `close` ends it. */
  readonly dialer: HttpDialer;
  readonly decompressor: Decompressor;
  readonly clock: Clock;
  /** Calls back whenever the policy may have changed: streams that it does not allow any more are cut. */
  readonly changes?: (listener: () => void) => void;
  /** The ranges of addresses; the built-in table where there is none. */
  readonly classify?: ClassifyAddress;
  /** Secrets that requests carry. Absent: the configuration has none for this agent. */
  readonly secrets?: HttpSecrets;
  /** What `redact` stands for; only what is built in, where there are none. */
  readonly redactors?: Redactors;
}

/** The record `response` of `wit/http.wit`. */
export interface GuestResponse {
  readonly status: number;
  readonly headers: (readonly [string, string])[];
  readonly url: string;
  readonly body: Uint8Array;
}

/** The record `streaming-response` of `wit/http.wit`. */
export interface GuestStreamingResponse extends Omit<GuestResponse, 'body'> {
  readonly body: IncomingBodyHandle;
}

const DISCHARGES: ReadonlySet<ObligationName> = new Set(['timeoutMs', 'redact', 'bytes']);
const MOST_OPEN_EXCHANGES = 16;

type Perform<Value> = (grant: Grant<HttpTarget>) => Pending<DriverResult<Value, DriverFailure>>;

/** The gate, and what WASI shows of it. */
export interface HttpGate extends Gate {
  readonly services: Required<Pick<GateServices, 'http'>>;
}

/** Makes the gate of `sallyport:agent/http` for one run. */
export function createHttpGate(deps: HttpGateDeps): HttpGate {
  const { pipeline, config, dialer, secrets, redactors, ...machine } = deps;
  const driver = createHttpDriver({
    ...machine,
    config,
    dialer,
    redeem: pipeline.redeem,
    classify: deps.classify ?? classifyAddress,
    redactors: redactors ?? createRedactors(new Map()),
    ...(secrets === undefined ? {} : { secrets: secrets.values }),
  });
  const { maxRequestBytes, maxUploadBytes } = config;
  const canonicalise = createUrlCanonicaliser();
  const parsing = { maxRequestBytes, maxUploadBytes, canonicalise, ...(secrets === undefined ? {} : { secrets }) };
  const exchanges = createOpenExchanges(MOST_OPEN_EXCHANGES);
  const incoming = createIncomingBodies(exchanges);
  const outgoing = createOutgoingBodies<GuestStreamingResponse>(exchanges);

  const enforce = <Value>(request: GuestRequest, perform: Perform<Value>, upload?: GuestUpload) =>
    pipeline.enforce({
      capability: 'http',
      discharges: DISCHARGES,
      parse: () => parseRequest(request, parsing, { upload }),
      perform,
    });
  const ifPlace =
    <Value>(perform: Perform<Value>): Perform<Value> =>
    (grant) =>
      exchanges.full() ? { status: 'denied', reason: 'budget-exhausted' } : perform(grant);

  /** One effect for each hop: parsed, decided, recorded and performed by itself. */
  async function send<Body>(
    hop: Hop,
    perform: Perform<Answer<Body>>,
    discard: (body: Body) => void,
  ): Promise<Answer<Body>> {
    let current = hop;
    for (;;) {
      const enforced = await enforce(current.request, perform);
      // The guest wrote the first request; a later one that cannot be parsed is the server's doing.
      if (enforced.status === 'refused' && current.hops > 0) return throwHttpError({ tag: 'redirect-refused' });
      const answer = valueOrThrow(enforced);
      const next = follow(current, answer);
      if (next.kind === 'answer') return answer;
      discard(answer.body);
      if (next.kind === 'refuse') return throwHttpError({ tag: 'redirect-refused' });
      current = { ...current, request: next.request, hops: current.hops + 1 };
    }
  }

  const performOpen = ifPlace(driver.open);
  const close = (body: ResponseBody): void => body.close();
  const streaming = ({ target, head, body }: Answer<ResponseBody>): GuestStreamingResponse => ({
    status: head.status,
    headers: head.headers,
    url: target.origin + target.path,
    body: incoming.adopt(body),
  });

  /** The answer to an upload. A redirect that asks for the body again is refused: it is gone. */
  async function conclude(request: GuestRequest, begun: BegunUpload): Promise<GuestStreamingResponse> {
    const answer = await begun.answer;
    if ('failure' in answer) return throwHttpError({ tag: answer.failure.tag });
    const hop = { request, hops: 0, limit: hopLimit(request, config) };
    const next = follow(hop, answer);
    if (next.kind === 'answer') return streaming(answer);
    answer.body.close();
    if (next.kind === 'refuse' || next.keepsBody) return throwHttpError({ tag: 'redirect-refused' });
    return streaming(await send({ ...hop, request: next.request, hops: 1 }, performOpen, close));
  }

  const http = createHttpService({ pipeline, driver, parsing, discharges: DISCHARGES, exchanges });
  // Without a prototype, so that no inherited name is an import.
  const nothing = Object.create(null) as Record<string, never>; // `create` is typed `any`
  const members = Object.assign(nothing, {
    /** `fetch: func(request: request) -> result<response, error>` */
    async fetch(request: GuestRequest): Promise<GuestResponse> {
      const hop = { request, hops: 0, limit: hopLimit(request, config) };
      const { target, head, body } = await send(hop, driver.fetch, () => undefined);
      return { status: head.status, headers: head.headers, url: target.origin + target.path, body };
    },
    /** `open: func(request: request) -> result<streaming-response, error>` */
    async open(request: GuestRequest): Promise<GuestStreamingResponse> {
      const hop = { request, hops: 0, limit: hopLimit(request, config) };
      return streaming(await send(hop, performOpen, close));
    },
    /** `upload: func(request: request, length: option<u64>) -> result<outgoing-body, error>` */
    async upload(
      request: GuestRequest,
      length: bigint | undefined,
    ): Promise<OutgoingBodyHandle<GuestStreamingResponse>> {
      const begun = valueOrThrow(await enforce(request, ifPlace(driver.upload), { length }));
      return outgoing.adopt(begun, () => conclude(request, begun));
    },
    IncomingBody: incoming.IncomingBody,
    OutgoingBody: outgoing.OutgoingBody,
  } satisfies HostInterface);

  return Object.freeze({
    capability: 'http',
    discharges: DISCHARGES,
    imports: new Map([[HTTP_INTERFACE.name, Object.freeze(members)]]),
    services: Object.freeze({ http }),
    intention: parseIntention,
    async close(): Promise<void> {
      exchanges.closeAll();
      await dialer.close();
    },
  } satisfies HttpGate);
}

/** A request on its way through redirects. */
interface Hop {
  readonly request: GuestRequest;
  /** Redirects that were followed to it. */
  readonly hops: number;
  readonly limit: number;
}

function follow({ request, hops, limit }: Hop, { target, head }: Answer<unknown>): Next {
  return nextHop(request, target, { status: head.status, locations: head.locations }, hops, limit);
}
