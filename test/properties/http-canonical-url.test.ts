import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../host/contracts/request.ts';
import { canonicalUrl } from '../../host/gates/http/canonical-url.ts';
import type { Receiver } from '../../host/gates/http/dialer.ts';
import type { Resolver } from '../../host/gates/http/resolver.ts';
import { classifyAddress } from '../../host/gates/http/address-range.ts';
import { parseAddress } from '../../host/gates/http/ip-address.ts';
import { canonicalHeader } from '../../host/gates/http/request-header.ts';
import { parseRequest } from '../../host/gates/http/request.ts';
import { failureTag, httpGate, request } from '../gates/http/http-gate.ts';

const pick = (...texts: string[]) => fc.constantFrom(...texts);
const escape = fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
const piece = fc.oneof(
  pick(
    'a',
    'B',
    '9',
    '-',
    '_',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '/',
    '//',
    '~',
    '@',
    ':',
    ';',
    '=',
    '+',
    '*',
    'é',
    '。',
    ' ',
    '|',
    '"',
    '\\',
    '\t',
  ),
  escape,
  fc.string({ unit: 'binary', maxLength: 2 }),
);
const host = fc.oneof(
  fc.ipV4Extended(),
  fc.ipV6().map((text) => `[${text}]`),
  fc.domain(),
  fc.array(piece, { maxLength: 5 }).map((parts) => parts.join('')),
  pick(
    'LOCALHOST.',
    '127.1',
    '0x7f.1',
    '[::ffff:10.0.0.1]',
    'bücher.test',
    'xn--bcher-kva.test',
    'a..b',
    '１２７.0.0.1',
  ),
);
const url = fc
  .tuple(
    pick('http://', 'https://', 'HTTP://', 'HtTpS://', 'http:/', 'ftp://'),
    pick('', '', '', '@', 'u@', 'u:p@'),
    host,
    pick('', ':80', ':443', ':8080', ':0', ':70000', ':'),
    fc.array(piece, { maxLength: 8 }),
    fc.option(fc.webQueryParameters()),
  )
  .map(
    ([scheme, user, name, port, path, query]) =>
      `${scheme}${user}${name}${port}/${path.join('')}${query === null ? '' : `?${query}`}`,
  );

const RUNS = { numRuns: 3000 };
const parse = (text: string) =>
  parseRequest(request(text), { maxRequestBytes: 0, maxUploadBytes: 0, canonicalise: canonicalUrl });

describe('http canonical form', () => {
  it('is a fixed point: canonicalising twice changes nothing', () => {
    fc.assert(
      fc.property(url, (text) => {
        const first = canonicalUrl(text);
        if ('refused' in first) return;
        expect(canonicalUrl(first.origin + first.path + first.search)).toEqual(first);
      }),
      RUNS,
    );
  });

  it('names the host that WHATWG names', () => {
    fc.assert(
      fc.property(url, (text) => {
        const parsed = parse(text);
        if (isRefusal(parsed)) return;
        const whatwg = new URL(text);
        const bare = whatwg.hostname.replace(/^\[|\]$/g, '');
        expect(parsed.target.host).toBe(
          parseAddress(bare) === undefined ? whatwg.hostname.replace(/\.$/, '') : parsed.target.host,
        );
        expect(parsed.target.address).toEqual(parseAddress(bare));
        expect([whatwg.username, whatwg.password, whatwg.hash]).toEqual(['', '', '']);
        expect(parsed.accesses[0].resource).toBe(parsed.target.origin + parsed.target.path.replace(/\?.*$/s, ''));
        expect(parsed.target.path).toMatch(/^\/[\x21-\x7e]*$/);
        expect(parsed.target.path.replace(/\?.*$/s, '')).not.toMatch(/%(?:2f|5c|00|2e)|[\\]|\/\.\.?(?:\/|$)/i);
      }),
      RUNS,
    );
  });

  it('dials the host that was decided on', async () => {
    await fc.assert(
      fc.asyncProperty(url, async (text) => {
        const dialer = {
          dial: (_call: unknown, receiver: Receiver) => receiver.fail('connection-failed', true),
          close: () => Promise.resolve(),
        };
        const names: string[] = [];
        const resolver: Resolver = {
          resolve(name) {
            names.push(name);
            return Promise.resolve({ kind: 'addresses', addresses: ['203.0.113.7'] });
          },
        };
        const gate = httpGate({ dialer, resolver, classify: () => ({ name: 'any', reach: 'global', source: 'test' }) });
        const tag = await failureTag(gate.http.fetch(request(text)));
        if (tag === 'invalid-request') {
          expect([gate.dials, names]).toEqual([[], []]);
          return;
        }
        const [dialled] = gate.dials;
        const decided = new URL(gate.records[0]!.resource!);
        expect(dialled!.origin + dialled!.path.replace(/\?.*$/s, '')).toBe(gate.records[0]!.resource);
        const literal = parseAddress(decided.hostname.replace(/^\[|\]$/g, ''));
        expect(dialled!.address).toBe(literal?.text ?? '203.0.113.7');
        expect(names).toEqual(literal === undefined ? [decided.hostname] : []);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads one address from every spelling of it, and one range', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = parseAddress(text);
        if (address === undefined) return;
        expect(parseAddress(address.text)).toEqual(address);
        expect(parseAddress(text.toUpperCase())).toEqual(address);
        expect(classifyAddress(address)).toEqual(classifyAddress({ ...address }));
      }),
      RUNS,
    );
  });

  it('lets no header field pass that holds a line end or belongs to the host', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 12 })), {
          maxLength: 4,
        }),
        (given) => {
          const header = canonicalHeader(given);
          if ('refused' in header) return;
          for (const [name, value] of header.fields) {
            expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
            expect(value).toMatch(/^[\t\x20-\x7e]*$/);
          }
          const own = header.fields.filter(([name]) => !['user-agent', 'accept-encoding'].includes(name));
          expect(canonicalHeader(own)).toEqual(
            canonicalHeader(own.map(([name, value]) => [name.toUpperCase(), ` ${value} `] as const)),
          );
        },
      ),
      RUNS,
    );
  });
});
