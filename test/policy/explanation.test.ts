import { describe, expect, it } from 'vitest';
import { createExplainer } from '../../host/policy/explanation.ts';
import { literalPattern } from '../../host/policy/row-proposal.ts';
import { access, AGENT, CONTEXT, load, NOON, pointOf, row } from './fixture.ts';

const of = (text: string, action: string, resource: string, context = CONTEXT) =>
  createExplainer(load(text)).explain(AGENT, access(action, resource), context);

describe('an explanation', () => {
  it('of an allow shows every rule that matched, and proposes nothing', () => {
    const text = row({ then: 'rows=5' }) + row({ resource: '/**' });
    const { decision, matched, near, lineToAdd, note } = of(text, 'fs:read', '/w/a');
    expect(decision).toMatchObject({ effect: 'allow', obligations: { rows: 5 } });
    expect(matched.map(({ line, row: shown }) => [line, shown])).toEqual([
      [1, 'p, role:any, fs:read, /w/**, -, allow, rows=5'],
      [2, 'p, role:any, fs:read, /**, -, allow, -'],
    ]);
    expect([near, lineToAdd, note]).toEqual([[], undefined, undefined]);
  });

  it('of a deny without rule names the row to add, for this agent and nobody else', () => {
    const { decision, lineToAdd } = of('g, agent:a, role:triage\n', 'http:GET', 'https://api.example.com/v1/orders');
    expect(decision).toMatchObject({ effect: 'deny', reason: 'no-rule' });
    expect(lineToAdd).toBe('p, agent:a, http:GET, https://api.example.com/v1/orders, -, allow, -');
  });

  it('of a deny by rule says which line, and that no row helps', () => {
    const { decision, matched, lineToAdd, note } = of(row() + row({ effect: 'deny' }), 'fs:read', '/w/a');
    expect(decision).toMatchObject({ reason: 'forbidden-by-rule' });
    expect(matched.map(({ effect }) => effect)).toEqual(['allow', 'deny']);
    expect(lineToAdd).toBeUndefined();
    expect(note).toBe('line 2 denies it, and a deny row overrides every allow row: no row that is added can allow it');
  });

  it('of a deny by rules that cannot be decided says which clause and why, and which row is missing besides', () => {
    const text = row({ effect: 'deny', when: 'purpose=triage' }) + row({ effect: 'deny' });
    expect(of(text, 'fs:read', '/w/a').note).toBe(
      'lines 1, 2 deny it (`purpose=triage` cannot be decided: the run has no purpose; a deny row holds where it cannot ' +
        'be decided), and a deny row overrides every allow row: no row that is added can allow it; ' +
        'it needs a row besides: `p, agent:a, fs:read, /w/a, -, allow, -`',
    );
  });

  it('shows what nearly matched, with the clause that did not hold', () => {
    const text =
      row({ when: 'purpose=triage hours(08-19 UTC) env=prod' }) +
      row({ resource: '/w/b' }) +
      row({ resource: '/v/**' }) +
      row({ action: 'fs:write' }) +
      row({ who: 'agent:b' });
    const { near } = of(text, 'fs:read', '/w/a', { nowMs: NOON, purpose: 'audit' });
    expect(near.map(({ differs, line, why }) => [differs, line, why])).toEqual([
      [
        'condition',
        1,
        '`purpose=triage` is false: the purpose is `audit`, `env=prod` cannot be decided: the run has no environment',
      ],
      ['principal', 5, '`agent:a` is not `agent:b`'],
      ['action', 4, 'the action is `fs:read`, the row has `fs:write`'],
      ['resource', 2, 'segment 2 is `a`, the row has `b`'],
    ]);
    expect(near[0]?.clauses).toEqual([
      { text: 'purpose=triage', verdict: false, saw: 'the purpose is `audit`' },
      { text: 'hours(08-19 UTC)', verdict: true, saw: 'it is 2026-03-02T11:00:00.000Z' },
      { text: 'env=prod', verdict: 'undecided', saw: 'the run has no environment' },
    ]);
  });

  it('shows no near miss of a row that denies, nor any where a row allows', () => {
    expect(of(row({ resource: '/w/b', effect: 'deny' }), 'fs:read', '/w/a').near).toEqual([]);
    expect(of(row() + row({ resource: '/w/b' }), 'fs:read', '/w/a').near).toEqual([]);
    expect(of(row() + row({ effect: 'deny' }) + row({ when: 'env=prod' }), 'fs:read', '/w/a').near).toEqual([]);
  });

  it('names the role that the agent lacks, and a value that an argument has', () => {
    const text = `g, agent:b, role:x\n${row({ who: 'role:x' })}`;
    expect(of(text, 'fs:read', '/w/a').near[0]).toMatchObject({
      differs: 'principal',
      why: '`agent:a` does not have `role:x`',
    });
    const called = createExplainer(
      load(row({ action: 'tool:call', resource: 'tool:git', when: 'arg.branch~agent/**' })),
    );
    const { near } = called.explain(AGENT, access('tool:call', 'tool:git', { branch: 'main' }), CONTEXT);
    expect(near[0]?.why).toBe('`arg.branch~agent/**` is false: `arg.branch` is `main`');
    const absent = called.explain(AGENT, access('tool:call', 'tool:git'), CONTEXT).near[0]?.why;
    expect(absent).toContain('cannot be decided: the request has no `arg.branch`');
  });

  it('of one access under 100 000 rules takes less than a second', () => {
    const rows = Array.from({ length: 100_000 }, (_, n) => row({ resource: `/w/${n % 997}/${n}/**` })).join('');
    const before = performance.now();
    const snapshot = load(rows);
    const start = performance.now();
    const { near } = createExplainer(snapshot).explain(AGENT, access('fs:read', '/w/5/99999/x'), CONTEXT);
    // On a machine with other work to do, the load of the same policy says how fast it is.
    expect(performance.now() - start).toBeLessThan(Math.max(1_000, (start - before) / 3));
    expect(near[0]).toMatchObject({ differs: 'resource', row: expect.stringContaining('/w/5/9') as string });
  }, 60_000);

  it('shows a handful of near misses, the nearest first', () => {
    const text = Array.from({ length: 100 }, (_, n) => row({ resource: `/w/${n}/**` })).join('');
    const { near } = of(text, 'fs:read', '/w/42x');
    expect(near).toHaveLength(5);
    expect(near[0]?.row).toContain('/w/42/**');
  });

  it('proposes nothing for what no row can allow', () => {
    expect(of('', 'fs:reed', '/w/a')).toMatchObject({
      note: 'no gate asks for the action `fs:reed`; did you mean `fs:read`',
    });
    expect(of('', 'fs:read', '/w/../a')).toMatchObject({
      decision: { reason: 'invalid-request' },
      note: expect.stringContaining('canonical form') as string,
    });
  });

  it.each([
    '/w/a b,c',
    '/w/*',
    '/w/[x] {y} "z"',
    '/w/ä',
    'https://h/a,b',
    'https://h/',
    'db:main/Orders',
    'tool:git/push',
    '/',
    '/w/%2C',
    'https://[::1]:8443/x',
  ])('proposes a row that allows %s once it is added', (resource) => {
    const action = resource.startsWith('http') ? 'http:GET' : resource.startsWith('db:') ? 'db:select' : 'fs:read';
    const text = `g, agent:a, role:x\n${row({ who: 'role:x', resource: '/other' })}`;
    const { lineToAdd } = of(text, action, resource);
    const point = pointOf(`${text}${lineToAdd}\n`);
    expect(point.decide([access(action, resource)], CONTEXT).effect).toBe('allow');
  });

  it('writes `*` only where a cell cannot hold the character', () => {
    expect(literalPattern('/w/plain-name.txt')).toBe('/w/plain-name.txt');
    expect(literalPattern('/w/a, b.txt')).toBe('/w/a*b.txt');
    expect(literalPattern('/w/***')).toBe('/w/*');
    expect(literalPattern('nonsense')).toBeUndefined();
  });
});
