import fc from 'fast-check';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { Access, Attribute } from '../../host/contracts/request.ts';
import type { Vocabulary } from '../../host/policy/vocabulary.ts';
import { splitResource } from '../../host/policy/resource-parts.ts';

/** Small alphabets, so that random rules and random requests meet. */
export const AGENTS = ['agent:a', 'agent:b'] as const;
const ROLES = ['role:r1', 'role:r2', 'role:r3'] as const;
const ACTIONS = ['http:GET', 'http:POST', 'fs:read', 'fs:write', 'db:select'] as const;

export const VOCABULARY: Vocabulary = {
  purposes: ['p1', 'p2'],
  environments: ['prod', 'test'],
  labels: ['low', 'mid', 'high'],
  approvers: ['owner', 'cfo'],
  detectors: ['email', 'iban', 'token'],
  alerts: ['soc'],
  actions: ACTIONS,
  isArgument: () => true,
};

const segment = fc.constantFrom('x', 'y', 'xy', '.x');
const wild = fc.oneof(
  { weight: 3, arbitrary: segment },
  { weight: 1, arbitrary: fc.constantFrom('*', '**', 'x*', '*y', 'x*y') },
);
const path = (part: fc.Arbitrary<string>) =>
  fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const host = fc.constantFrom('h.test', 'a.h.test', 'b.a.h.test', '127.0.0.1', 'h.test:8080');
const wildHost = fc.oneof(host, fc.constantFrom('**', '*.h.test', '**.h.test', '*.test', '**:8080'));

const resourceOf = (part: fc.Arbitrary<string>, name: fc.Arbitrary<string>) =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom('https', 'http'), name, path(part))
      .map(([scheme, authority, rest]) => `${scheme}://${authority}/${rest}`),
    path(part).map((rest) => `/${rest}`),
    path(part).map((rest) => `db:${rest}`),
  );

export const pattern = resourceOf(wild, wildHost);
export const resource = resourceOf(segment, host);

const clause = fc.constantFrom(
  'purpose=p1',
  'purpose!=p1|p2',
  'env=prod',
  'label<=mid',
  'hours(08-19 Europe/Paris)',
  'arg.n<=5',
  'arg.s~x/**',
  'arg.s!=x',
  'before(2026-06-01)',
);
const condition = fc.oneof(
  fc.constant('-'),
  fc.uniqueArray(clause, { minLength: 1, maxLength: 2 }).map((clauses) => clauses.join(' ')),
);
const obligations = fc.constantFrom('-', 'rows=5', 'timeout=3s log=full', 'rows=9 log=digest');

export const ruleRow = fc
  .record({
    who: fc.constantFrom(...AGENTS, ...ROLES, 'role:any'),
    action: fc.constantFrom(...ACTIONS, 'http:*', 'fs:*'),
    pattern,
    condition,
    effect: fc.constantFrom('allow', 'allow', 'deny'),
    obligations,
  })
  .map(
    ({ who, action, pattern: text, condition: when, effect, obligations: then }) =>
      `p, ${[who, action, text, when, effect, effect === 'deny' ? '-' : then].join(', ')}`,
  );

/** Roles without cycles, and each given to somebody. */
export const linkRows = fc
  .uniqueArray(
    fc.constantFrom(
      'agent:a, role:r2',
      'agent:b, role:r2',
      'agent:b, role:r3',
      'role:r1, role:r2',
      'role:r2, role:r3',
      'role:any, role:r3',
    ),
    { maxLength: 6 },
  )
  .map((links) =>
    [...new Set([...links, 'agent:a, role:r1', 'role:r1, role:r2', 'role:r2, role:r3'])].map((link) => `g, ${link}`),
  );

export const ruleRows = fc.uniqueArray(ruleRow, { minLength: 0, maxLength: 25 });
export const policyText = fc.tuple(linkRows, ruleRows).map(([links, rules]) => `${[...links, ...rules].join('\n')}\n`);

export const accessOf: fc.Arbitrary<Access> = fc
  .record({
    action: fc.constantFrom(...ACTIONS),
    resource,
    n: fc.option(fc.constantFrom(1, 9, '1'), { nil: undefined }),
    s: fc.option(fc.constantFrom<string | string[]>('x', 'x/y', ['x/y', 'y']), { nil: undefined }),
    label: fc.option(fc.constantFrom('low', 'high', 'odd'), { nil: undefined }),
  })
  .map(({ action, resource: text, n, s, label }) => ({
    action,
    resource: text,
    attributes: new Map<string, Attribute>([
      ...(n === undefined ? [] : [['n', n] as const]),
      ...(s === undefined ? [] : [['s', s] as const]),
    ]),
    ...(label === undefined ? {} : { label }),
  }));

/** Requests near the rules: each pattern of a policy with its wildcards filled in. */
export function accessesNear(text: string): Access[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('p, '))
    .map((line): Access => {
      const [, , action = '', resourceCell = ''] = line.split(', ');
      const parts = splitResource(resourceCell);
      const filled = (
        parts?.address ? resourceCell : resourceCell.replace('://**', '://a.h.test').replace('://*', '://a')
      )
        .replaceAll('**', 'x')
        .replaceAll('*', 'x');
      return {
        action: action.replace('http:*', 'http:GET').replace('fs:*', 'fs:read'),
        resource: filled,
        attributes: new Map(),
      };
    });
}

export const contextOf: fc.Arbitrary<DecisionContext> = fc
  .record({
    nowMs: fc.constantFrom(
      Date.parse('2026-03-02T11:00:00Z'),
      Date.parse('2026-03-02T23:00:00Z'),
      Date.parse('2026-07-02T11:00:00Z'),
      Number.NaN,
    ),
    purpose: fc.option(fc.constantFrom('p1', 'p2'), { nil: undefined }),
    environment: fc.option(fc.constantFrom('prod', 'test'), { nil: undefined }),
  })
  .map(({ nowMs, purpose, environment }) => ({
    nowMs,
    ...(purpose === undefined ? {} : { purpose }),
    ...(environment === undefined ? {} : { environment }),
  }));
