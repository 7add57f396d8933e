import type { Denial } from '../contracts/denial.ts';
import { sealInterface, throwWit, type HostImports, type ResourceClass } from '../contracts/guest-import.ts';
import { createDeadClass } from './dead-class.ts';
import { createHttpFields, type HttpFields } from './http-fields.ts';
import { createHttpRequests } from './http-request.ts';
import { createSlots } from './slots.ts';
import type { Streams } from './streams.ts';

/** The resource in the record where the request has no canonical URL. */
const UNPARSED = '(not in canonical form)';

type Trap = (message: string) => never;

/** A body that takes nothing: its stream is closed from the start, because nobody would read it. */
function createBodies(streams: Streams, trap: Trap): { OutgoingBody: ResourceClass; make: () => object } {
  const slots = createSlots<{ written: boolean }>(trap);

  class OutgoingBody {
    static finish(body: object): void {
      slots.of(body);
      slots.release(body);
    }
    write(): object {
      const state = slots.of(this);
      if (state.written) throwWit(undefined);
      state.written = true;
      return streams.output({ room: () => undefined, put: () => trap('a closed stream was written') });
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  }
  return { OutgoingBody, make: () => slots.hold(new OutgoingBody(), { written: false }) };
}

function createRequestOptions(trap: Trap): ResourceClass {
  interface Timeouts {
    connect: bigint | undefined;
    firstByte: bigint | undefined;
    betweenBytes: bigint | undefined;
  }
  const slots = createSlots<Timeouts>(trap);

  return class RequestOptions {
    constructor() {
      slots.hold(this, { connect: undefined, firstByte: undefined, betweenBytes: undefined });
    }
    connectTimeout(): bigint | undefined {
      return slots.of(this).connect;
    }
    setConnectTimeout(duration: bigint | undefined): void {
      slots.of(this).connect = duration;
    }
    firstByteTimeout(): bigint | undefined {
      return slots.of(this).firstByte;
    }
    setFirstByteTimeout(duration: bigint | undefined): void {
      slots.of(this).firstByte = duration;
    }
    betweenBytesTimeout(): bigint | undefined {
      return slots.of(this).betweenBytes;
    }
    setBetweenBytesTimeout(duration: bigint | undefined): void {
      slots.of(this).betweenBytes = duration;
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  };
}

function createOutgoingResponse(fields: HttpFields, makeBody: () => object, trap: Trap): ResourceClass {
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
      return makeBody();
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  };
}

/** A class that only ever arrives from a server or a client that is not there; its static function is just as dead. */
function createDeadClassWith(methods: readonly string[], statics: readonly string[], trap: Trap): ResourceClass {
  const dead = createDeadClass(methods, trap);
  for (const name of statics) Object.defineProperty(dead, name, { value: (): never => trap('a handle is not live') });
  return dead;
}

/** `wasi:http` without a network: a guest can build a request; sending it is denied and recorded. */
export function createHttp(
  deny: (action: string, resource: string) => Denial,
  streams: Streams,
  trap: Trap,
): HostImports {
  const fields = createHttpFields(trap);
  const bodies = createBodies(streams, trap);
  const requests = createHttpRequests(fields, bodies.make, trap);

  function handle(request: object): never {
    const { method, url } = requests.take(request);
    deny(`http:${method}`, url ?? UNPARSED);
    return throwWit({ tag: 'HTTP-request-denied' });
  }

  const types = {
    Fields: fields.Fields,
    OutgoingRequest: requests.OutgoingRequest,
    OutgoingBody: bodies.OutgoingBody,
    RequestOptions: createRequestOptions(trap),
    OutgoingResponse: createOutgoingResponse(fields, bodies.make, trap),
    IncomingRequest: createDeadClass(['method', 'pathWithQuery', 'scheme', 'authority', 'headers', 'consume'], trap),
    ResponseOutparam: createDeadClassWith([], ['set'], trap),
    IncomingResponse: createDeadClass(['status', 'headers', 'consume'], trap),
    IncomingBody: createDeadClassWith(['stream'], ['finish'], trap),
    FutureTrailers: createDeadClass(['subscribe', 'get'], trap),
    FutureIncomingResponse: createDeadClass(['subscribe', 'get'], trap),
    httpErrorCode: () => undefined,
  };
  return new Map([
    ['wasi:http/types', sealInterface(types)],
    ['wasi:http/outgoing-handler', sealInterface({ handle })],
  ]);
}
