import { describe, expect, it } from 'vitest';
import { explain } from '../../host/policy/explanation.ts';
import { literalPattern } from '../../host/policy/row-proposal.ts';
import { access, AGENT, CONTEXT, load, NOON, pointOf, row } from './fixture.ts';

const of = (text: string, action: string, resource: string, context = CONTEXT) =>
  explain(load(text), AGENT, access(action, resource), context);

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

  it('of a deny without rule names the row to add, for the role of the agent', () => {
    const { decision, lineToAdd } = of('g, agent:a, role:triage\n', 'http:GET', 'https://api.example.com/v1/orders');
    expect(decision).toMatchObject({ effect: 'deny', reason: 'no-rule' });
    expect(lineToAdd).toBe('p, role:triage, http:GET, https://api.example.com/v1/orders, -, allow, -');
  });

  it('names the agent itself where it has no role', () => {
    expect(of('', 'db:select', 'db:main/orders').lineToAdd).toBe('p, agent:a, db:select, db:main/orders, -, allow, -');
  });

  it('of a deny by rule says which line, and that no row helps', () => {
    const { decision, matched, lineToAdd, note } = of(row() + row({ effect: 'deny' }), 'fs:read', '/w/a');
    expect(decision).toMatchObject({ reason: 'forbidden-by-rule' });
    expect(matched.map(({ effect }) => effect)).toEqual(['allow', 'deny']);
    expect(lineToAdd).toBeUndefined();
    expect(note).toContain('line 2 denies it');
  });

  it('shows what nearly matched, with the clause that did not hold', () => {
    const text =
      row({ when: 'purpose=triage hours(08-19 UTC) env=prod' }) +
      row({ resource: '/w/b' }) +
      row({ resource: '/v/**' }) +
      row({ action: 'fs:write' }) +
      row({ who: 'agent:b' });
    const { near } = of(text, 'fs:read', '/w/a', { nowMs: NOON, purpose: 'audit' });
    expect(near.map(({ differs, line }) => [differs, line])).toEqual([
      ['condition', 1],
      ['resource', 2],
      ['resource', 3],
      ['action', 4],
    ]);
    expect(near[0]?.clauses).toEqual([
      { text: 'purpose=triage', verdict: false },
      { text: 'hours(08-19 UTC)', verdict: true },
      { text: 'env=prod', verdict: 'undecided' },
    ]);
  });

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
  ])('proposes a row that allows %s once it is added', async (resource) => {
    const action = resource.startsWith('http') ? 'http:GET' : resource.startsWith('db:') ? 'db:select' : 'fs:read';
    const text = `g, agent:a, role:x\n${row({ who: 'role:x', resource: '/other' })}`;
    const { lineToAdd } = of(text, action, resource);
    const point = await pointOf(`${text}${lineToAdd}\n`);
    expect(point.decide([access(action, resource)], CONTEXT).effect).toBe('allow');
  });

  it('writes `*` only where a cell cannot hold the character', () => {
    expect(literalPattern('/w/plain-name.txt')).toBe('/w/plain-name.txt');
    expect(literalPattern('/w/a, b.txt')).toBe('/w/a*b.txt');
    expect(literalPattern('/w/***')).toBe('/w/*');
    expect(literalPattern('nonsense')).toBeUndefined();
  });
});
