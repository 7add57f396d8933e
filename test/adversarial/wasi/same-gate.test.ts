import { describe, expect, it } from 'vitest';
import { WILD } from '../../gates/http/http-gate.ts';
import { httpServer, rawServer } from '../../gates/http/loopback.ts';
import { call, httpGuest, type HttpGuest, type Wanted } from '../../wasi/http-guest.ts';
import { addressUrls, confusedUrls } from '../http/ssrf-urls.ts';

const REFUSALS = new Set([
  'not taken',
  'destination-IP-prohibited',
  'HTTP-request-denied',
  'HTTP-request-URI-invalid',
  'DNS-error',
]);
const GOOD = 'good.example.test';

/** Ways to put a URL into the three parts that `outgoing-request` has. */
function partsOf(url: string): readonly Wanted[] {
  const split = /^([^:/?#]*):\/\/([^/?#\\]*)([\s\S]*)$/u.exec(url);
  const [scheme = '', authority = '', path = ''] = split?.slice(1) ?? [];
  const whole: Wanted[] = [
    { authority: GOOD, path: url },
    { authority: url.replace(/^[a-z+-]*:?\/*/iu, ''), path: '/' },
    { scheme: { tag: 'other', val: url.slice(0, url.indexOf(':')) || 'x' }, authority: GOOD, path: '/' },
  ];
  if (split === null) return whole;
  return [
    { scheme: { tag: 'HTTP' }, authority, path },
    { scheme: { tag: 'other', val: scheme }, authority, path },
    { scheme: { tag: 'HTTP' }, authority: GOOD, path: `//${authority}${path}` },
    { scheme: { tag: 'HTTP' }, authority: GOOD, path: `@${authority}${path}` },
    { scheme: { tag: 'HTTP' }, authority: GOOD, path: `.${authority}${path}` },
    ...whole,
  ];
}

/** What became of one request: the error, or that it was answered. A part that is not even taken reaches no gate. */
async function outcome(guest: HttpGuest, wanted: Wanted): Promise<string> {
  let request: object;
  try {
    request = guest.request(wanted);
  } catch (error) {
    expect(error).toEqual({ payload: undefined });
    return 'not taken';
  }
  const future = guest.handle(request);
  const came = await guest.come(future);
  call(future, Symbol.dispose);
  if ('code' in came) return came.code;
  call(came.response, Symbol.dispose);
  return 'answered';
}

/** The requests that were not refused. */
async function admitted(guest: HttpGuest, urls: readonly string[]): Promise<string[]> {
  const through: string[] = [];
  for (const url of urls) {
    for (const wanted of partsOf(url)) {
      const came = await outcome(guest, wanted);
      if (!REFUSALS.has(came)) through.push(`${JSON.stringify(wanted)}: ${came}`);
    }
  }
  return through;
}

describe('wasi:http is served by the same gate', () => {
  it('refuses every spelling of a forbidden address under a rule for every host, without a contact', async () => {
    const listeners = [await httpServer(), await httpServer(undefined, '127.0.0.3'), await rawServer(() => undefined)];
    const guest = httpGuest({ rules: WILD });
    const urls = listeners.flatMap(({ port }, index) => addressUrls(port).slice(0, index === 0 ? undefined : 60));
    expect(urls.length).toBeGreaterThan(900);
    expect(await admitted(guest, urls)).toEqual([]);
    expect(guest.gate.dials).toEqual([]);
    for (const listener of listeners) expect(listener.contacts()).toBe(0);
    expect(guest.gate.faults).toEqual([]);
  });

  it('refuses every request in which a forbidden host hides beside an allowed one, and serves the allowed one', async () => {
    const forbidden = await httpServer(undefined, '127.0.0.3');
    const { port } = forbidden;
    const good = await httpServer(undefined, '127.0.0.1', port);
    const guest = httpGuest({
      allow: ({ resource }) => /^http:\/\/good\.example\.test(?::\d+)?\//u.test(resource),
      names: { [GOOD]: ['127.0.0.1'] },
    });
    // What the policy sees as the allowed host may be dialled there, on port 80, and nowhere else.
    const through = await admitted(guest, confusedUrls(port));
    expect(through.filter((text) => !text.endsWith('connection-refused'))).toEqual([]);
    expect(new Set(guest.gate.dials.map(({ origin }) => origin))).toEqual(new Set([`http://${GOOD}`]));
    expect(forbidden.contacts()).toBe(0);
    expect(await outcome(guest, { authority: `${GOOD}:${port}`, path: '/' })).toBe('answered');
    expect(good.contacts()).toBe(1);
  });

  it('records every request that reached the gate: one denial or one intent each', async () => {
    const listener = await httpServer();
    const guest = httpGuest({ rules: WILD });
    const urls = addressUrls(listener.port).slice(0, 40);
    await admitted(guest, urls);
    const { records } = guest.gate;
    const intended = records.filter(({ type }) => type === 'effect.intended').length;
    const ended = records.filter(({ outcome: end }) => end !== undefined).length;
    expect(records.length).toBeGreaterThan(40);
    expect(ended).toBe(intended);
  });

  it('hides nothing of a path from the policy: what is decided is what is sent', async () => {
    const server = await httpServer();
    const guest = httpGuest();
    for (const path of ['//evil.test/x', '/a/../b', '/%61', '/a//b', '?q=1', '/x?y=//evil.test', '']) {
      expect(await outcome(guest, { authority: `127.0.0.1:${server.port}`, path })).toBe('answered');
    }
    const decided = guest.gate.records.flatMap(({ type, resource }) => (type === 'effect.intended' ? [resource] : []));
    const sent = server.requests.map(({ target }) => server.origin + (target.split('?')[0] ?? ''));
    expect(decided).toEqual(sent);
  });
});
