import fc from 'fast-check';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { Access, Attribute } from '../../host/contracts/request.ts';
import { AGENTS, pattern, resource, VOCABULARY } from './policy-arbitrary.ts';

/** Policies with everything that a row can hold: roles as deep as they may be, every kind of clause and of obligation. */

const zone = fc.constantFrom('Europe/Paris', 'UTC', 'Asia/Kolkata', 'America/New_York');
const comparison = fc.constantFrom('<', '<=', '>', '>=');
const not = fc.constantFrom('', '!');
const valueSet = fc.constantFrom('x', 'y', 'x|y', '1', 'x/y', 'a%20b|x', 'true');
const joined = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((texts) => texts.join(''));

const clause = fc.oneof(
  joined('hours(', fc.constantFrom('08-19', '22-06', '11:30-12:30'), ' ', zone, ')'),
  joined('days(', fc.constantFrom('mon-fri', 'sat+sun', 'fri-mon', 'mon+wed'), ' ', zone, ')'),
  joined(fc.constantFrom('before(', 'after('), fc.constantFrom('2026-03-02', '2026-06-01T12:00Z'), ')'),
  joined('label', fc.constantFrom('<=', '>=', '='), fc.constantFrom('low', 'mid', 'high')),
  joined('purpose', not, '=', fc.constantFrom('p1', 'p2', 'p1|p2')),
  joined('env', not, '=', fc.constantFrom('prod', 'test')),
  joined('on-behalf-of', not, '=', fc.constantFrom('user:ada', 'user:bob|user:ada', 'group:ops', 'group:ops|user:ada')),
  joined('arg.s', not, '=', valueSet),
  joined('arg.s', not, '~', fc.constantFrom('x', '*', 'x/**', '**/y', 'x*', '*y')),
  joined('arg.n', comparison, fc.constantFrom('5', '-1.5', '0', '2KB')),
);
const condition = fc.oneof(
  { weight: 3, arbitrary: fc.constant('-') },
  {
    weight: 2,
    arbitrary: fc.uniqueArray(clause, { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(' ')),
  },
);

const items = [
  ['rows=5', 'rows=9'],
  ['timeout=3s', 'timeout=1m'],
  ['log=full', 'log=digest'],
  ['rate=60/m', 'rate=5/s@role'],
  ['bytes=2KB', 'bytes=20MB/h@user'],
  ['cost=5.00EUR/d'],
  ['concurrency=4@resource'],
  ['redact=email', 'redact=email|iban'],
  ['label=mid', 'label=high'],
  ['approve=owner', 'approve=cfo ttl=5m'],
  ['alert=soc'],
].map((values) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 6 }));
const obligations = fc.tuple(...items).map((chosen) => chosen.filter((item) => item !== undefined).join(' ') || '-');

/** Patterns that overlap, so that several rows meet one request. */
const overlapping = fc.constantFrom(
  ...['/x/y', '/x/*', '/x/**', '/**', '/*/y', '/**/y', '/x*/y'],
  ...['https://a.h.test/x/y', 'https://a.h.test/**', 'https://*.h.test/**', 'https://**/x/**', 'https://**.h.test/*/y'],
  ...['db:x/y', 'db:x/*', 'db:**'],
);
const action = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('http:GET', 'fs:read', 'db:select', 'http:*', 'fs:*', 'db:*') },
  { weight: 1, arbitrary: fc.constantFrom(...VOCABULARY.actions) },
);

const LEVELS = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10'] as const;
const CHAIN = LEVELS.map((level) => `role:${level}`);

/** Roles without cycles, each given to somebody, as deep as Casbin follows them, with forks and short cuts. */
const linkRows = fc
  .record({
    depth: fc.integer({ min: 3, max: CHAIN.length }),
    more: fc.uniqueArray(
      fc.constantFrom(
        ...['agent:b, role:r1', 'agent:b, role:r2', 'agent:b, role:r3', 'agent:a, role:s', 'role:s, role:r3'],
        ...['role:r1, role:r3', 'role:any, role:r2', 'role:any, role:s', 'agent:b, role:s'],
      ),
    ),
  })
  .map(({ depth, more }) => {
    const chain = ['agent:a', ...CHAIN].slice(0, depth + 1);
    const links = chain.slice(1).map((role, index) => `${chain[index] ?? ''}, ${role}`);
    return { roles: [...chain.slice(1), 'role:s'], links: [...new Set([...links, ...more, 'agent:b, role:s'])] };
  });

const rowOf = (roles: readonly string[]): fc.Arbitrary<string> =>
  fc
    .record({
      who: fc.constantFrom(...AGENTS, ...roles, 'role:any'),
      action,
      pattern: fc.oneof({ weight: 3, arbitrary: overlapping }, { weight: 1, arbitrary: pattern }),
      condition,
      effect: fc.constantFrom('allow', 'allow', 'allow', 'deny'),
      obligations,
      note: fc.constantFrom('-', 'log=full', 'alert=soc'),
    })
    .map(({ who, action, pattern: text, condition: when, effect, obligations: then, note }) =>
      ['p', who, action, text, when, effect, effect === 'deny' ? note : then].join(', '),
    );

/** The text of a policy; its rows are in any order. */
export const widePolicyText: fc.Arbitrary<string> = linkRows.chain(({ roles, links }) =>
  fc
    .uniqueArray(rowOf(roles), { maxLength: 30, size: 'max' })
    .chain((rows) =>
      fc.shuffledSubarray([...rows, ...links.map((link) => `g, ${link}`)], { minLength: rows.length + links.length }),
    )
    .map((rows) => `${rows.join('\n')}\n`),
);

const text = fc.constantFrom('x', 'y', 'x/y', 'a b', 'true', '../x');
const scalar: fc.Arbitrary<string | number | boolean> = fc.oneof(
  text,
  fc.constantFrom(1, 7, -3, Number.NaN),
  fc.boolean(),
);
const attribute = (value: fc.Arbitrary<string | number | boolean>): fc.Arbitrary<Attribute | undefined> =>
  fc.option(fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) }), {
    nil: undefined,
    freq: 4,
  });

/** What a request carries for conditions to test. */
export const wideCarried: fc.Arbitrary<Pick<Access, 'attributes' | 'label'>> = fc
  .record({
    s: attribute(scalar),
    n: attribute(
      fc.oneof(fc.constantFrom<number | string>(1, 9, -2, 3000, '1'), fc.constant(Number.POSITIVE_INFINITY)),
    ),
    label: fc.option(fc.constantFrom('low', 'mid', 'high', 'odd'), { nil: undefined }),
  })
  .map(({ label, ...given }) => ({
    attributes: new Map(
      Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ),
    ...(label === undefined ? {} : { label }),
  }));

/** Requests that meet several rows, and requests at random. */
const asked = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ['fs:read', '/x/y'] as const,
      ['http:GET', 'https://a.h.test/x/y'] as const,
      ['db:select', 'db:x/y'] as const,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...VOCABULARY.actions), resource) },
);
export const wideAccess: fc.Arbitrary<Access> = fc
  .tuple(asked, wideCarried)
  .map(([[name, target], carried]) => ({ action: name, resource: target, ...carried }));

const known = <Value>(...values: Value[]): fc.Arbitrary<Value | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 4 });

export const wideContext: fc.Arbitrary<DecisionContext> = fc
  .record({
    nowMs: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: Date.UTC(2026, 1, 1), max: Date.UTC(2026, 7, 1) }) },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 9e15) },
    ),
    purpose: known('p1', 'p2'),
    environment: known('prod', 'test'),
    onBehalfOf: known('user:ada', 'user:bob', 'user:eve'),
  })
  .map(({ nowMs, purpose, environment, onBehalfOf }) => ({
    nowMs,
    ...(purpose === undefined ? {} : { purpose }),
    ...(environment === undefined ? {} : { environment }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  }));
