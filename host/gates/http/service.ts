import type { ObligationName } from '../../contracts/decision.ts';
import type {
  HttpAnswer,
  HttpBodySource,
  HttpExchange,
  HttpFailureCode,
  HttpResult,
  HttpService,
  HttpServiceBody,
  HttpServiceRequest,
} from '../../contracts/http-service.ts';
import { after, type Pending } from '../../contracts/pending.ts';
import type { DriverResult, Enforced } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { Answer, BegunUpload, HttpDriver } from './driver.ts';
import { bodyFailureCode, failureCode, refusalCode } from './failure-code.ts';
import type { OpenExchanges } from './open-exchanges.ts';
import { isForbidden } from './request-header.ts';
import {
  guestMethodOf,
  parseRequest,
  type GuestRequest,
  type HttpRefusal,
  type HttpTarget,
  type ParseOptions,
} from './request.ts';
import type { ResponseBody } from './response-body.ts';
import type { DriverFailure } from './wit-error.ts';

/** What the service shares with the rest of the gate. */
export interface HttpServiceDeps {
  readonly pipeline: Pipeline;
  readonly driver: HttpDriver;
  readonly parsing: ParseOptions;
  readonly discharges: ReadonlySet<ObligationName>;
  readonly exchanges: OpenExchanges;
}

/** How many bytes a reader that waits is likely to take at once. */
const READ_TOGETHER = 65_536;

type Perform<Value> = (grant: Grant<HttpTarget>) => Pending<DriverResult<Value, DriverFailure>>;
type Refused = Exclude<Enforced<never, DriverFailure>, { status: 'ok' }>;

/** Serves requests of WASI: one effect each, which ends with the exchange. */
export function createHttpService(deps: HttpServiceDeps): HttpService {
  return Object.freeze({
    isForbiddenField(name: string): boolean {
      const folded = name.toLowerCase();
      // A length is no field here: the body has it, and is held to it.
      return folded !== 'content-length' && isForbidden(folded);
    },
    send: (request: HttpServiceRequest) => startExchange(request, deps),
  });
}

function startExchange(request: HttpServiceRequest, deps: HttpServiceDeps): HttpExchange {
  const { pipeline, driver, parsing, discharges, exchanges } = deps;
  const stop = new AbortController();
  const { body: given, timeouts } = request;
  const source = given instanceof Uint8Array ? undefined : given;
  let refusal: HttpRefusal | undefined;
  let crowded = false;
  let upload: BegunUpload | undefined;
  let answered: ResponseBody | undefined;

  const place = { close: cancel };
  const leave = (): void => exchanges.delete(place);

  function cancel(): void {
    leave();
    source?.cancel();
    upload?.abandon();
    stop.abort();
    answered?.close();
  }

  const enforce = <Value>(perform: Perform<Value>): Pending<Enforced<Value, DriverFailure>> =>
    pipeline.enforce({
      capability: 'http',
      discharges,
      parse() {
        const parsed = parseRequest(guestRequestOf(request), parsing, {
          timeouts,
          upload: source && { length: source.length === undefined ? undefined : BigInt(source.length) },
        });
        if ('refused' in parsed) refusal = parsed;
        return parsed;
      },
      perform(grant) {
        // The place is taken before anything is waited for: a guest may start as many as it likes at once.
        crowded = exchanges.full();
        if (crowded) return { status: 'denied', reason: 'budget-exhausted' };
        exchanges.add(place);
        return perform(grant);
      },
    });

  const failed = (code: HttpFailureCode): HttpResult => {
    leave();
    source?.cancel();
    return { ok: false, code };
  };
  const refused = (enforced: Refused): HttpResult =>
    failed(crowded ? 'connection-limit-reached' : codeOf(enforced, refusal));

  function arrived({ head, body }: Answer<ResponseBody>): HttpResult {
    if (stop.signal.aborted) {
      body.close();
      return { ok: false, code: 'connection-terminated' };
    }
    answered = body;
    return { ok: true, answer: answerOf(head, serviceBody(body, leave)) };
  }

  async function uploaded(begun: BegunUpload, from: HttpBodySource): Promise<HttpResult> {
    upload = begun;
    const passed = passOn(from, begun);
    const answer = await begun.answer;
    if (!('failure' in answer)) return arrived(answer);
    from.cancel(); // so that it has been passed on, as far as it will
    return failed((await passed) ?? failureCode(answer.failure));
  }

  const result =
    source === undefined
      ? after(
          enforce((grant) => driver.open(grant, stop.signal)),
          (enforced) => (enforced.status === 'ok' ? arrived(enforced.value) : refused(enforced)),
        )
      : after(
          enforce((grant) => driver.upload(grant, stop.signal)),
          (enforced) => (enforced.status === 'ok' ? uploaded(enforced.value, source) : refused(enforced)),
        );
  return { result, cancel };
}

function guestRequestOf({ method, url, headers, body }: HttpServiceRequest): GuestRequest {
  return {
    // What no method is called is refused by the parser.
    method: guestMethodOf(method) ?? '',
    url,
    headers,
    body: body instanceof Uint8Array ? body : undefined,
    maxRedirects: 0,
  };
}

function codeOf(enforced: Refused, refusal: HttpRefusal | undefined): HttpFailureCode {
  switch (enforced.status) {
    case 'failed':
      return failureCode(enforced.failure);
    case 'denied':
      return enforced.denial.reason === 'address-forbidden' ? 'destination-IP-prohibited' : 'HTTP-request-denied';
    case 'refused':
      return refusal === undefined ? 'internal-error' : refusalCode(refusal);
    case 'fault':
      return 'internal-error';
  }
}

/** Gives a body to an upload, piece by piece; the code if the body is not what it may be. */
async function passOn(source: HttpBodySource, upload: BegunUpload): Promise<HttpFailureCode | undefined> {
  try {
    for (;;) {
      const piece = await source.next();
      if (piece === undefined) return upload.end() === undefined ? undefined : 'HTTP-request-body-size';
      const written = await upload.write(piece);
      if (written === 'taken') continue;
      source.cancel();
      return written === 'dropped' ? undefined : 'HTTP-request-body-size';
    }
  } catch {
    upload.abandon();
    return 'connection-terminated';
  }
}

const answerOf = ({ status, headers }: Answer<unknown>['head'], body: HttpServiceBody): HttpAnswer => ({
  status,
  headers,
  body,
});

/** A body as WASI reads it. `left` is called when nothing more can come. */
function serviceBody(body: ResponseBody, left: () => void): HttpServiceBody {
  return {
    readiness: { ready: () => body.ready(), wait: () => body.wait(READ_TOGETHER) },
    take(max) {
      const read = body.take(max);
      if (read === undefined) return { kind: 'later' };
      if (read.kind === 'data') return read;
      left();
      return read.kind === 'end' ? { kind: 'end' } : { kind: 'failed', code: bodyFailureCode(read.failure) };
    },
    close() {
      left();
      body.close();
    },
  };
}
