import type { Denial } from '../contracts/denial.ts';
import { sealInterface, throwWit, type HostImports, type ResourceClass } from '../contracts/guest-import.ts';
import type { HttpService } from '../contracts/http-service.ts';
import { createDeadClass } from './dead-class.ts';
import { createHttpFields, type HttpFields } from './http-fields.ts';
import { createFutureResponses } from './http-future.ts';
import { planExchange } from './http-handler.ts';
import { createIncomingResponses } from './http-incoming.ts';
import { createHttpOptions } from './http-options.ts';
import { createOutgoingBodies, type OutgoingBodies } from './http-outgoing-body.ts';
import { createRequestBodies, type RequestBody } from './http-request-body.ts';
import { createHttpRequests } from './http-request.ts';
import type { Poll } from './poll.ts';
import { createSlots } from './slots.ts';
import type { Streams } from './streams.ts';

/** The resource in the record where nobody parses the request. */
const UNPARSED = '(not in canonical form)';

type Trap = (message: string) => never;

/** What `wasi:http` is made of. */
interface HttpParts {
  /** Left out where no component of the run can send anything. */
  readonly service: HttpService | undefined;
  readonly deny: (action: string, resource: string) => Denial;
  readonly streams: Streams;
  readonly poll: Poll;
  readonly trap: Trap;
}

interface ResponseParts {
  readonly fields: HttpFields;
  readonly bodies: OutgoingBodies;
  readonly createBody: (length: undefined) => RequestBody;
  readonly trap: Trap;
}

/** An answer that a guest can make, and nobody ask for. Its body takes nothing. */
function createOutgoingResponse({ fields, bodies, createBody, trap }: ResponseParts): ResourceClass {
  interface State {
    readonly headers: ReturnType<HttpFields['take']>;
    status: number;
    bodyTaken: boolean;
  }
  const slots = createSlots<State>(trap);

  return class OutgoingResponse {
    constructor(headers: object) {
      slots.hold(this, { headers: fields.take(headers), status: 200, bodyTaken: false });
    }
    statusCode(): number {
      return slots.of(this).status;
    }
    setStatusCode(status: number): void {
      const state = slots.of(this);
      if (status < 100 || status > 599) throwWit(undefined);
      state.status = status;
    }
    headers(): object {
      return fields.show(slots.of(this).headers);
    }
    body(): object {
      const state = slots.of(this);
      if (state.bodyTaken) throwWit(undefined);
      state.bodyTaken = true;
      const body = createBody(undefined);
      body.source.cancel();
      return bodies.show(body);
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  };
}

/** A class that only ever arrives from a client that is not there; its static function is just as dead. */
function createDeadClassWith(methods: readonly string[], statics: readonly string[], trap: Trap): ResourceClass {
  const dead = createDeadClass(methods, trap);
  for (const name of statics) Object.defineProperty(dead, name, { value: (): never => trap('a handle is not live') });
  return dead;
}

/** Sends nothing: every request is denied and recorded. */
const createDenyingService = (deny: HttpParts['deny']): HttpService => ({
  isForbiddenField: () => false,
  send({ method }) {
    deny(`http:${method}`, UNPARSED);
    return { result: { ok: false, code: 'HTTP-request-denied' }, cancel: () => undefined };
  },
});

/** `wasi:http`, for guests that send requests. Nobody sends any to them. */
export function createHttp({ service, deny, streams, poll, trap }: HttpParts): HostImports {
  const http = service ?? createDenyingService(deny);
  const fields = createHttpFields(http.isForbiddenField, trap);
  const bodies = createOutgoingBodies(fields, streams, trap);
  const createBody = createRequestBodies();
  const requests = createHttpRequests({ fields, bodies, createBody, trap });
  const options = createHttpOptions(trap);
  const incoming = createIncomingResponses({ fields, streams, poll, trap });
  const futures = createFutureResponses(incoming, poll, trap);

  function handle(request: object, given: object | undefined): object {
    const wanted = requests.take(request);
    return futures.start(planExchange(http, wanted, options.take(given)));
  }

  function httpErrorCode(error: object): unknown {
    const { origin, code } = streams.failureBehind(error);
    return origin === 'http' ? code : undefined;
  }

  const types = {
    Fields: fields.Fields,
    OutgoingRequest: requests.OutgoingRequest,
    OutgoingBody: bodies.OutgoingBody,
    RequestOptions: options.RequestOptions,
    OutgoingResponse: createOutgoingResponse({ fields, bodies, createBody, trap }),
    IncomingRequest: createDeadClass(['method', 'pathWithQuery', 'scheme', 'authority', 'headers', 'consume'], trap),
    ResponseOutparam: createDeadClassWith([], ['set'], trap),
    IncomingResponse: incoming.IncomingResponse,
    IncomingBody: incoming.IncomingBody,
    FutureTrailers: incoming.FutureTrailers,
    FutureIncomingResponse: futures.FutureIncomingResponse,
    httpErrorCode,
  };
  return new Map([
    ['wasi:http/types', sealInterface(types)],
    ['wasi:http/outgoing-handler', sealInterface({ handle })],
  ]);
}
