import { newEnforcer, newModelFromString, Util } from 'casbin';
import { describe, expect, it } from 'vitest';
import { createCasbinEngine } from '../../../host/policy/casbin/engine.ts';
import { DEFAULT_MODEL } from '../../../host/policy/default-model.ts';
import { ask, decideWith, outcome, rule, SUBJECTS } from '../engine-case.ts';

const READ = ask('fs:read', '/w/a');
const engine = () => createCasbinEngine(DEFAULT_MODEL, SUBJECTS);

describe('the engine', () => {
  it('is not asked about no rules: Casbin would evaluate the matcher once with empty cells', async () => {
    const stock = await newEnforcer(
      newModelFromString(DEFAULT_MODEL.replace(/m = .*/, 'm = regexMatch(r.obj, p.obj)')),
    );
    expect(stock.enforceSync('agent:a', 'fs:read', '/w/a', {})).toBe(true);
    expect(outcome(engine(), READ, [])).toEqual([false, []]);
  });

  it('matches where the functions of Casbin would let other hosts in', () => {
    const resource = 'https://evil.test/x.example.com/';
    expect(Util.keyMatchFunc(resource, 'https://*.example.com/')).toBe(true);
    const rules = [rule('1', 'role:any, http:GET, https://*.example.com/, -, allow, -')];
    expect(outcome(engine(), ask('http:GET', resource), rules)[0]).toBe(false);
  });

  it('has no function of Casbin: a matcher that names one decides nothing', () => {
    const model = DEFAULT_MODEL.replace('objMatch(r.obj, p.obj)', 'keyMatch(r.obj, p.obj)');
    const held = createCasbinEngine(model, SUBJECTS);
    expect(() => decideWith(held, READ, [rule('1', 'role:any, fs:read, /w/a, -, allow, -')])).toThrow();
  });

  it('keeps roles of one decision point apart from those of another', () => {
    const [own, others] = [engine(), createCasbinEngine(DEFAULT_MODEL, ['agent:a', 'role:y', 'role:any'])];
    const rules = [rule('1', 'role:x, fs:read, /w/**, -, allow, -')];
    for (let turn = 0; turn < 3; turn++) {
      expect(outcome(own, READ, rules)[0]).toBe(true);
      expect(outcome(others, READ, rules)[0]).toBe(false);
      expect(outcome(own, ask('fs:read', '/w/a', 'agent:b'), rules)[0]).toBe(false);
    }
  });
});
