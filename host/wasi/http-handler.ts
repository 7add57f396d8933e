import type { HttpExchange, HttpService, HttpServiceRequest, HttpTimeouts } from '../contracts/http-service.ts';
import type { PlannedExchange } from './http-future.ts';
import type { WantedRequest } from './http-request.ts';
import type { RequestBody } from './http-request-body.ts';

/** Content in these has no meaning (RFC 9110, sections 9.3.1 and 9.3.2). */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * How a request is to be sent. A body that is whole is sent as one, so that the policy knows its size and the record its
 * digest; for that, the beginning waits until the guest waits. A body that is still being written by then is streamed.
 */
export function planExchange(
  http: HttpService,
  { method, url, headers, body }: WantedRequest,
  timeouts: HttpTimeouts,
): PlannedExchange {
  const send = (content: HttpServiceRequest['body']): HttpExchange =>
    http.send({ method, url, headers, body: content, timeouts });
  const giveUp = (): void => body?.source.cancel();
  if (body === undefined) return { when: 'now', begin: () => send(undefined), giveUp };
  return {
    when: body.state() === 'open' ? 'soon' : 'now',
    begin: () => sendBody(body, BODILESS.has(method), send),
    giveUp,
  };
}

function sendBody(
  body: RequestBody,
  bodiless: boolean,
  send: (content: HttpServiceRequest['body']) => HttpExchange,
): HttpExchange {
  if (body.state() === 'broken')
    return { result: { ok: false, code: 'HTTP-request-body-size' }, cancel: () => undefined };
  const announced = (body.source.length ?? 0) > 0;
  if (body.state() === 'open' && (announced || !bodiless)) return send(body.source);
  // What there is of a body that must not be is refused, by the parser; and no more of it is taken.
  const held = body.takeHeld();
  body.source.cancel();
  return send(held.length === 0 ? undefined : held);
}
