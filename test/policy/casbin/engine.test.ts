import { newEnforcer, newModelFromString, Util } from 'casbin';
import { describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../host/policy/casbin/engine.ts';
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
    expect(engine().decide(ask('fs:read', '/w/a'), [])).toEqual({ allowed: false, matched: [] });
  });

  it('reports every rule that matched', () => {
    const rules = [
      rule('1', 'role:x, fs:read, /w/**, -, allow, -'),
      rule('2', 'role:y, fs:read, /w/**, -, allow, -'),
      rule('3', 'role:any, fs:*, /w/a, -, allow, rows=5'),
      rule('4', 'role:any, fs:write, /w/a, -, allow, -'),
      rule('5', 'role:any, fs:read, /v/**, -, allow, -'),
    ];
    const { allowed, matched } = engine().decide(ask('fs:read', '/w/a'), rules);
    expect([allowed, matched.map(({ id }) => id)]).toEqual([true, ['1', '3']]);
  });

  it('follows roles, and no name that merely looks like one', () => {
    const held = engine();
    expect(held.decide(ask('fs:read', '/w/a'), [rule('1', 'role:y, fs:read, /w/**, -, allow, -')]).allowed).toBe(false);
    expect(held.decide(ask('fs:read', '/w/a'), [rule('1', 'agent:a, fs:read, /w/**, -, allow, -')]).allowed).toBe(true);
  });

  it('lets a deny override an allow that Casbin would have explained', () => {
    const rules = [
      rule('1', 'role:any, fs:read, /w/**, -, allow, -'),
      rule('2', 'role:any, fs:read, /w/a, -, deny, -'),
    ];
    const { allowed, matched } = engine().decide(ask('fs:read', '/w/a'), rules);
    expect([allowed, matched.map(({ id }) => id)]).toEqual([false, ['1', '2']]);
  });

  it('throws for anything but strings: Casbin compares loosely', () => {
    const held = engine();
    const odd = { ...ask('fs:read', '/w/a'), resource: ['/w/a'] as unknown as string }; // what no type lets through
    expect(() => held.decide(odd, [rule('1', 'role:any, fs:read, /w/a, -, allow, -')])).toThrow(TypeError);
  });

  it('matches where the functions of Casbin would let other hosts in', () => {
    const resource = 'https://evil.test/x.example.com/';
    expect(Util.keyMatchFunc(resource, 'https://*.example.com/')).toBe(true);
    const rules = [rule('1', 'role:any, http:GET, https://*.example.com/, -, allow, -')];
    expect(engine().decide(ask('http:GET', resource), rules).allowed).toBe(false);
  });

  it('keeps the rules of one request apart from the next, also after an error', () => {
    const held = engine();
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

  it('is made at once, and decides in the same turn of the event loop', () => {
    const held: Engine = engine();
    expect(held.decide(ask('fs:read', '/w/a'), [rule('1', 'role:any, fs:read, /w/**, -, allow, -')]).allowed).toBe(
      true,
    );
  });

  it('has no function of Casbin: a matcher that names one decides nothing', () => {
    const model = DEFAULT_MODEL.replace('objMatch(r.obj, p.obj)', 'keyMatch(r.obj, p.obj)');
    const held = createEngine(model, ['agent:a', 'role:any']);
    expect(() => held.decide(ask('fs:read', '/w/a'), [rule('1', 'role:any, fs:read, /w/a, -, allow, -')])).toThrow();
  });

  it('keeps roles of one decision point apart from those of another', () => {
    const [own, others] = [engine(), createEngine(DEFAULT_MODEL, ['agent:a', 'role:y', 'role:any'])];
    const rules = [rule('1', 'role:x, fs:read, /w/**, -, allow, -')];
    for (let turn = 0; turn < 3; turn++) {
      expect(own.decide(ask('fs:read', '/w/a'), rules).allowed).toBe(true);
      expect(others.decide(ask('fs:read', '/w/a'), rules).allowed).toBe(false);
      expect(own.decide({ ...ask('fs:read', '/w/a'), subject: 'agent:b' }, rules).allowed).toBe(false);
    }
  });
});
