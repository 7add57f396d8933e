import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintErrors } from '../../host/policy/lint-errors.ts';
import { lintPolicy, MOST_COMPARISONS, type LintWarning } from '../../host/policy/policy-lint.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { NOON, row, VOCABULARY } from '../policy/fixture.ts';
import { plainFindings } from '../policy/plain-lint.ts';

const WORDS = { ...VOCABULARY, actions: [...VOCABULARY.actions, 'fs:list', 'fs:stat'] };
const load = (text: string): PolicySnapshot => loadPolicy({ policy: { file: 'policy.csv', text } }, WORDS, 1);

/** Few names and many wildcards, so that rows cover each other. */
const PATTERNS = [
  ...['/**', '/w', '/w/**', '/w/*', '/w/a', '/w/a/**', '/w/*/x', '/w/**/x', '/**/x', '/**/a/x', '/*/*/x', '/w/*.md'],
  ...['/w/r*', '/w/r*.md', '/w/r.md', '/**/*.md', '/**/r*', '/**/*', '/**/*e*', '/w/a/re.md', '/w/**/a/*', '/*'],
];
const HOSTS = [
  'https://**/**',
  'https://*.e.org/**',
  'https://**.e.org/a',
  'https://a.e.org/**',
  'https://a.e.org/a/**',
];
const pick = <Value>(...values: readonly Value[]) => fc.constantFrom(...values);
const cells = fc.record({
  who: pick('agent:a', 'agent:b', 'role:x', 'role:y', 'role:z', 'role:any'),
  target: fc.oneof(
    fc.record({ action: pick('fs:read', 'fs:*', 'fs:list'), resource: pick(...PATTERNS) }),
    fc.record({ action: pick('http:GET', 'http:*'), resource: pick(...HOSTS) }),
  ),
  when: pick('-', '-', 'purpose=triage', 'env=prod', 'purpose=triage env=prod', 'purpose!=triage', 'env!=prod'),
  effect: pick('allow', 'allow', 'deny'),
  then: pick('-', '-', 'rate=1/m', 'log=full', 'rate=1/m log=full', 'redact=email', 'redact=email|iban'),
});
const links = fc.subarray([
  ...['agent:a, role:x', 'agent:a, role:y', 'agent:b, role:y', 'role:x, role:z', 'role:y, role:z', 'role:any, role:z'],
  ...['agent:q, role:x', 'agent:q, role:any'],
]);
const policy = fc.tuple(links, fc.array(cells, { minLength: 6, maxLength: 16 })).map(([given, rows]) => {
  const everybody = ['x', 'y', 'z'].map((name) => `g, agent:nobody, role:${name}\n`);
  const written = rows.map(({ who, target, when, effect, then }) =>
    row({ who, ...target, when, effect, then: effect === 'deny' ? '-' : then }),
  );
  return [...everybody, ...given.map((link) => `g, ${link}\n`), ...new Set(written)].join('');
});

/** A warning about rules beside each other in the words of the plain lint. */
function shortened({ line, message }: LintWarning): string[] {
  const place = /line (\d+)/.exec(message)?.[1] ?? '';
  const missing = /asks for no (.*?): while/.exec(message)?.[1]?.replaceAll(/[` ]/g, '');
  const short = new Map([
    ['denies all of this already', `denied by ${place}`],
    ['denies everything that this row allows', `denied by ${place}`],
    ['asks for no', `${missing ?? ''} vanish by ${place}`],
    ['the condition here restricts nothing', `condition void by ${place}`],
    ['allows all of this already', `allowed by ${place}`],
    ['this deny row stands below', `below line ${place}`],
    ['does not deny', message],
    ['other spellings', message],
  ]);
  const found = [...short].find(([words]) => message.includes(words));
  return found === undefined ? [] : [`${line}: ${found[1]}`];
}

describe('the lint', () => {
  it('finds what is found when each rule is held against every other one, and nothing else', () => {
    let findings = 0;
    fc.assert(
      fc.property(policy, (text) => {
        const snapshot = load(text);
        const plain = plainFindings(snapshot);
        const warnings = lintPolicy(snapshot, NOON);
        expect(warnings.flatMap(shortened)).toEqual(plain);
        expect(lintErrors(snapshot)).toEqual(warnings.filter(({ severity }) => severity === 'error'));
        findings += plain.length;
      }),
      { numRuns: 600 },
    );
    expect(findings).toBeGreaterThan(600);
  });
});

/** How often rules are held against each other at most: what is made for it makes the lint say that it has stopped. */
const stops = (text: string): boolean =>
  lintPolicy(load(text), NOON).some(({ message }) => message.includes(`${MOST_COMPARISONS} comparisons`));
const many = (make: (n: number) => Parameters<typeof row>[0], count = 6_000): string =>
  Array.from({ length: count }, (_, n) => row(make(n))).join('');
const BROAD = row({ action: 'fs:*', resource: '/**' });
const POLICIES: readonly (readonly [string, string])[] = [
  ['one resource and many agents', many((n) => ({ who: `agent:a${n}` }))],
  ['one resource and many agents that are denied', BROAD + many((n) => ({ who: `agent:a${n}`, effect: 'deny' }))],
  ['one resource and many conditions', many((n) => ({ action: 'tool:call', resource: 'tool:x', when: `arg.q=v${n}` }))],
  ['many conditions that ask for something', many((n) => ({ action: 'tool:call', resource: 'tool:x', when: `arg.q=v${n}`, then: 'rate=1/m' })) + row({ action: 'tool:call', resource: 'tool:x' })],
  ['many names at any depth', many((n) => ({ resource: `/**/x${n}` }))],
  ['many ends of names', many((n) => ({ resource: `/w/*x${n}` }))],
  ['many beginnings of names', many((n) => ({ resource: `/w/${n}x*` }))],
  ['a broad row above many', BROAD + many((n) => ({ resource: `/w/${n}/**`, when: 'purpose=triage', then: 'rate=1/m' }))],
]; // prettier-ignore

describe('the lint of many rows', () => {
  it.each(POLICIES)('ends before its bound: %s', (_, text) => {
    // Each against each would be 36 million.
    expect(stops(text)).toBe(false);
  });

  it('says where it has stopped', () => {
    expect(stops(many((n) => ({ resource: `/**/*${n}*` }), 3_000))).toBe(true);
  });
});
