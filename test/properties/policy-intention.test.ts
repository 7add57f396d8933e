import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfiguration } from '../../host/configuration/configuration.ts';
import { isRefusal, type Access, type Attribute } from '../../host/contracts/request.ts';
import { createHostPowers } from '../../host/host-powers.ts';
import { canonicalIntention } from '../../host/live-policy/intention.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { makeDatabase, makeWorld } from '../adversarial/host/host-bed.ts';

const world = makeWorld();
makeDatabase(join(world.directory, 'more.sqlite'));
const { settings } = readConfiguration('sallyport.yaml', world.directory, createHostPowers());
afterAll(() => world.remove());

const odd = fc.oneof(
  fc.constantFrom(
    'a',
    'A',
    '..',
    '%2e',
    '%2F',
    'é',
    'e\u0301',
    '',
    '*',
    '**',
    ' ',
    '\u0000',
    '#x',
    '?q=1',
    'sqlite_master',
    '-',
    'a"b',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const tail = fc.array(odd, { maxLength: 3 }).map((parts) => parts.join('/'));
const question = fc.oneof(
  fc.tuple(
    fc.constantFrom('http:GET', 'http:POST', 'http:get', 'http:TRACE'),
    tail.chain((end) =>
      fc
        .constantFrom('https://H.test', 'http://0x7f.1:80', 'http:\\\\u@h', 'https://h.test:8443')
        .map((start) => `${start}/${end}`),
    ),
  ),
  fc.tuple(
    fc.constantFrom('fs:read', 'fs:write', 'fs:rename', 'fs:chmod'),
    tail.map((end) => `/workspace/${end}`),
  ),
  fc.tuple(
    fc.constantFrom('db:select', 'db:INSERT', 'db:schema'),
    tail.chain((end) => fc.constantFrom(`db:main/${end}`, `db:MAIN/${end}`, `db:${end}`)),
  ),
  fc.tuple(
    fc.constantFrom('tool:call', 'tool:run'),
    fc.oneof(
      fc.constantFrom('tool:print', 'tool:Print', 'tool:none', 'tool:a//b'),
      odd.map((end) => `tool:${end}`),
    ),
  ),
  fc.tuple(fc.constantFrom('log:write', 'log:read'), fc.constantFrom('log:info', 'log:INFO', 'log:', 'info')),
  fc.tuple(fc.constantFrom('policy:check', 'policy:'), fc.constantFrom('policy:self', 'policy:other')),
  fc.tuple(odd, odd),
);
const attributes = fc.dictionary(
  fc.constantFrom('text', 'columns', 'statement', 'bytes', 'body-bytes', 'query.q', 'nosuch'),
  fc.oneof(fc.constantFrom<Attribute>('x', 1, true, ['a', 'B']), fc.string({ maxLength: 4 })),
  { maxKeys: 2 },
);

const ask = (
  action: string,
  resource: string,
  given: ReadonlyMap<string, Attribute>,
): readonly Access[] | undefined => {
  const parsed = canonicalIntention(settings, { action, resource, attributes: given });
  return isRefusal(parsed) ? undefined : parsed.accesses;
};

/** Attributes that say what the resource says already: nobody may give them. */
const OWN = new Set(['scheme', 'host', 'port', 'method']);

describe('an intention in canonical form', () => {
  it('stays as it is, and is in a form that can be decided on', () => {
    let sound = 0;
    fc.assert(
      fc.property(question, attributes, ([action, resource], given) => {
        const accesses = ask(action, resource, new Map(Object.entries(given)));
        for (const access of accesses ?? []) {
          sound++;
          expect(access.action).toBe(action);
          expect(splitCanonical(access.resource)).toBeDefined();
          if (accesses?.length !== 1) continue;
          const again = ask(
            access.action,
            access.resource,
            new Map([...access.attributes].filter(([name]) => !OWN.has(name))),
          );
          expect(again?.map((one) => [one.action, one.resource, [...one.attributes].sort(), one.protection])).toEqual([
            [access.action, access.resource, [...access.attributes].sort(), access.protection],
          ]);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(sound).toBeGreaterThan(300);
  });
});
