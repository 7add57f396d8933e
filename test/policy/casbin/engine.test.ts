import { newEnforcer, newModelFromString, Util } from 'casbin';
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../../host/policy/casbin/engine.ts';
import { DEFAULT_MODEL } from '../../../host/policy/default-model.ts';
import { splitCanonical } from '../../../host/policy/resource-parts.ts';
import { cellsOf, compileRule, createCellCompiler } from '../../../host/policy/rule.ts';
import { CONTEXT, VOCABULARY } from '../fixture.ts';

const compiler = createCellCompiler(VOCABULARY);
const rule = (id: string, text: string) => compileRule({ id, cells: cellsOf(text) }, compiler);
const ask = (action: string, resource: string) => ({
  subject: 'agent:a',
  action,
  resource,
  parts: splitCanonical(resource)!,
  input: { context: CONTEXT, attributes: new Map() },
});
const engine = () => createEngine(DEFAULT_MODEL, ['agent:a', 'role:x', 'role:any']);

describe('the engine', () => {
  it('is not asked about no rules: Casbin would evaluate the matcher once with empty cells', async () => {
    const stock = await newEnforcer(
      newModelFromString(DEFAULT_MODEL.replace(/m = .*/, 'm = regexMatch(r.obj, p.obj)')),
    );
    expect(stock.enforceSync('agent:a', 'fs:read', '/w/a', {})).toBe(true);
    expect((await engine()).decide(ask('fs:read', '/w/a'), [])).toEqual({ allowed: false, matched: [] });
  });

  it('reports every rule that matched', async () => {
    const rules = [
      rule('1', 'role:x, fs:read, /w/**, -, allow, -'),
      rule('2', 'role:y, fs:read, /w/**, -, allow, -'),
      rule('3', 'role:any, fs:*, /w/a, -, allow, rows=5'),
      rule('4', 'role:any, fs:write, /w/a, -, allow, -'),
      rule('5', 'role:any, fs:read, /v/**, -, allow, -'),
    ];
    const { allowed, matched } = (await engine()).decide(ask('fs:read', '/w/a'), rules);
    expect([allowed, matched.map(({ id }) => id)]).toEqual([true, ['1', '3']]);
  });

  it('follows roles, and no name that merely looks like one', async () => {
    const held = await engine();
    expect(held.decide(ask('fs:read', '/w/a'), [rule('1', 'role:y, fs:read, /w/**, -, allow, -')]).allowed).toBe(false);
    expect(held.decide(ask('fs:read', '/w/a'), [rule('1', 'agent:a, fs:read, /w/**, -, allow, -')]).allowed).toBe(true);
  });

  it('lets a deny override an allow that Casbin would have explained', async () => {
    const rules = [
      rule('1', 'role:any, fs:read, /w/**, -, allow, -'),
      rule('2', 'role:any, fs:read, /w/a, -, deny, -'),
    ];
    const { allowed, matched } = (await engine()).decide(ask('fs:read', '/w/a'), rules);
    expect([allowed, matched.map(({ id }) => id)]).toEqual([false, ['1', '2']]);
  });

  it('throws for anything but strings: Casbin compares loosely', async () => {
    const held = await engine();
    const odd = { ...ask('fs:read', '/w/a'), resource: ['/w/a'] as unknown as string }; // what no type lets through
    expect(() => held.decide(odd, [rule('1', 'role:any, fs:read, /w/a, -, allow, -')])).toThrow(TypeError);
  });

  it('matches where the functions of Casbin would let other hosts in', async () => {
    const resource = 'https://evil.test/x.example.com/';
    expect(Util.keyMatchFunc(resource, 'https://*.example.com/')).toBe(true);
    const rules = [rule('1', 'role:any, http:GET, https://*.example.com/, -, allow, -')];
    expect((await engine()).decide(ask('http:GET', resource), rules).allowed).toBe(false);
  });

  it('keeps the rules of one request apart from the next, also after an error', async () => {
    const held = await engine();
    const broken = {
      ...rule('1', 'role:any, fs:read, /w/a, -, allow, -'),
      condition: {
        text: '-',
        clauses: [],
        test: () => {
          throw new Error('broken');
        },
      },
    };
    expect(() => held.decide(ask('fs:read', '/w/a'), [broken])).toThrow('broken');
    expect(held.decide(ask('fs:read', '/w/a'), [rule('2', 'role:y, fs:read, /w/a, -, allow, -')]).allowed).toBe(false);
    expect(
      held
        .decide(ask('fs:read', '/w/a'), [rule('3', 'role:x, fs:read, /w/a, -, allow, -')])
        .matched.map(({ id }) => id),
    ).toEqual(['3']);
  });
});
