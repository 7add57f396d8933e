import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate } from '../../contracts/gate.ts';
import type { HostInterface } from '../../contracts/guest-import.ts';
import type { Clock } from '../../contracts/powers.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import { classifyAddress, type ClassifyAddress } from './address-range.ts';
import { createUrlCanonicaliser } from './canonical-url.ts';
import type { HttpConfig } from './config.ts';
import type { Decompressor } from './decompressor.ts';
import type { HttpDialer } from './dialer.ts';
import { createHttpDriver, type Answer } from './driver.ts';
import { createOpenBodies, type IncomingBodyHandle } from './incoming-body.ts';
import { hopLimit, nextHop } from './redirect.ts';
import { parseIntention, parseRequest, type GuestRequest, type HttpTarget } from './request.ts';
import type { Resolver } from './resolver.ts';
import type { ResponseBody } from './response-body.ts';
import { throwHttpError, valueOrThrow, type HttpFailure } from './wit-error.ts';

export { ACTIONS, isHttpArgument } from './request.ts';
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
    { name: '[method]incoming-body.read', waits: true },
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
  /** The ranges of addresses; the built-in table where there is none. */
  readonly classify?: ClassifyAddress;
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

const DISCHARGES: ReadonlySet<ObligationName> = new Set(['timeoutMs']);
const MOST_OPEN_BODIES = 16;

type Perform<Body> = (grant: Grant<HttpTarget>) => Promise<DriverResult<Answer<Body>, HttpFailure>>;

/** Makes the gate of `sallyport:agent/http` for one run. */
export function createHttpGate(deps: HttpGateDeps): Gate {
  const { pipeline, config, dialer } = deps;
  const driver = createHttpDriver({ ...deps, redeem: pipeline.redeem, classify: deps.classify ?? classifyAddress });
  const parsing = { maxRequestBytes: config.maxRequestBytes, canonicalise: createUrlCanonicaliser() };
  const bodies = createOpenBodies(MOST_OPEN_BODIES);

  /** One effect for each hop: parsed, decided, recorded and performed by itself. */
  async function send<Body>(
    first: GuestRequest,
    perform: Perform<Body>,
    discard: (body: Body) => void,
  ): Promise<Answer<Body>> {
    const limit = hopLimit(first, config);
    let request = first;
    for (let hops = 0; ; hops += 1) {
      const current = request;
      const parse = () => parseRequest(current, parsing);
      const enforced = await pipeline.enforce({ capability: 'http', discharges: DISCHARGES, parse, perform });
      // The guest wrote the first request; a later one that cannot be parsed is the server's doing.
      if (enforced.status === 'refused' && hops > 0) return throwHttpError({ tag: 'redirect-refused' });
      const answer = valueOrThrow(enforced);
      const next = nextHop(
        current,
        answer.target,
        { status: answer.head.status, locations: answer.head.locations },
        hops,
        limit,
      );
      if (next.kind === 'answer') return answer;
      discard(answer.body);
      if (next.kind === 'refuse') return throwHttpError({ tag: 'redirect-refused' });
      request = next.request;
    }
  }

  // Without a prototype, so that no inherited name is an import.
  const nothing = Object.create(null) as Record<string, never>; // `create` is typed `any`
  const http = Object.assign(nothing, {
    /** `fetch: func(request: request) -> result<response, error>` */
    async fetch(request: GuestRequest): Promise<GuestResponse> {
      const { target, head, body } = await send(request, driver.fetch, () => undefined);
      return { status: head.status, headers: head.headers, url: target.origin + target.path, body };
    },
    /** `open: func(request: request) -> result<streaming-response, error>` */
    async open(request: GuestRequest): Promise<GuestStreamingResponse> {
      const perform: Perform<ResponseBody> = async (grant) =>
        bodies.full() ? { status: 'denied', reason: 'budget-exhausted' } : driver.open(grant);
      const { target, head, body } = await send(request, perform, (unread) => unread.close());
      return { status: head.status, headers: head.headers, url: target.origin + target.path, body: bodies.adopt(body) };
    },
    IncomingBody: bodies.IncomingBody,
  } satisfies HostInterface);

  return Object.freeze({
    capability: 'http',
    discharges: DISCHARGES,
    imports: new Map([[HTTP_INTERFACE.name, Object.freeze(http)]]),
    intention: parseIntention,
    async close(): Promise<void> {
      bodies.closeAll();
      await dialer.close();
    },
  } satisfies Gate);
}
