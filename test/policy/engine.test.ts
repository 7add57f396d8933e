import { describe, expect, it } from 'vitest';
import { createCasbinEngine } from '../../host/policy/casbin/engine.ts';
import { createCompiledEngine } from '../../host/policy/compiled-engine.ts';
import { DEFAULT_MODEL } from '../../host/policy/default-model.ts';
import type { Engine } from '../../host/policy/engine.ts';
import { ask, decideWith, outcome, rule, SUBJECTS } from './engine-case.ts';
import { CONTEXT } from './fixture.ts';

const READ = ask('fs:read', '/w/a');
const ENGINES = { casbin: createCasbinEngine, compiled: createCompiledEngine };

/** What every engine does alike. */
describe.each(Object.entries(ENGINES))('the %s engine', (_, make) => {
  const engine = (): Engine => make(DEFAULT_MODEL, SUBJECTS);

  it('denies where there are no rules', () => {
    expect(outcome(engine(), READ, [])).toEqual([false, []]);
  });

  it('reports every rule that matched, in the order of the policy', () => {
    const rules = [
      rule('1', 'role:x, fs:read, /w/**, -, allow, -'),
      rule('2', 'role:y, fs:read, /w/**, -, allow, -'),
      rule('3', 'role:any, fs:*, /w/a, -, allow, rows=5'),
      rule('4', 'role:any, fs:write, /w/a, -, allow, -'),
      rule('5', 'role:any, fs:read, /v/**, -, allow, -'),
    ];
    expect(outcome(engine(), READ, rules)).toEqual([true, ['1', '3']]);
    expect(outcome(engine(), READ, rules.toReversed())).toEqual([true, ['3', '1']]);
  });

  it('follows the roles of its agent, and no name that merely looks like one', () => {
    const held = engine();
    const allow = (who: string) => [rule('1', `${who}, fs:read, /w/**, -, allow, -`)];
    expect(outcome(held, READ, allow('agent:a'))[0]).toBe(true);
    expect(outcome(held, READ, allow('role:any'))[0]).toBe(true);
    for (const other of ['role:y', 'agent:b', 'role:X', 'agent:A', 'role:anyone'])
      expect(outcome(held, READ, allow(other))).toEqual([false, []]);
    expect(outcome(held, ask('fs:read', '/w/a', 'agent:b'), allow('role:x'))).toEqual([false, []]);
    expect(outcome(held, ask('fs:read', '/w/a', 'agent:b'), allow('agent:b'))).toEqual([true, ['1']]);
  });

  it('stops at the first deny: what was allowed before it is reported, and nothing after it', () => {
    const rules = [
      rule('1', 'role:any, fs:read, /w/**, -, allow, -'),
      rule('2', 'role:any, fs:read, /w/a, -, deny, -'),
      rule('3', 'role:any, fs:*, /w/a, -, allow, -'),
      rule('4', 'role:any, fs:*, /w/a, -, deny, -'),
    ];
    expect(outcome(engine(), READ, rules)).toEqual([false, ['1', '2']]);
    expect(outcome(engine(), READ, rules.toReversed())).toEqual([false, ['4']]);
  });

  it('lets an undecided condition deny, and not allow', () => {
    const [allow, deny] = [
      rule('1', 'role:any, fs:read, /w/a, purpose=triage, allow, -'),
      rule('2', 'role:any, fs:read, /w/a, purpose!=triage, deny, -'),
    ];
    const held = engine();
    const as = (purpose: string) => ({ context: { ...CONTEXT, purpose }, attributes: new Map() });
    expect(outcome(held, READ, [allow])).toEqual([false, []]);
    expect(outcome(held, READ, [deny])).toEqual([false, ['2']]);
    expect(outcome(held, READ, [allow, deny], as('triage'))).toEqual([true, ['1']]);
    expect(outcome(held, READ, [allow, deny], as('audit'))).toEqual([false, ['2']]);
  });

  it('throws what a condition throws, and not before its turn', () => {
    const broken = {
      ...rule('2', 'role:any, fs:read, /w/a, -, allow, -'),
      condition: {
        text: '-',
        clauses: [],
        test: () => {
          throw new Error('broken');
        },
      },
    };
    const held = engine();
    expect(() => decideWith(held, READ, [broken])).toThrow('broken');
    // The rules of the failed request are gone, also after an error.
    expect(outcome(held, READ, [rule('3', 'role:x, fs:read, /w/a, -, allow, -')])).toEqual([true, ['3']]);
    expect(outcome(held, READ, [rule('4', 'role:y, fs:read, /w/a, -, allow, -')])).toEqual([false, []]);
    expect(outcome(held, ask('fs:read', '/w/b'), [broken])).toEqual([false, []]);
    const deny = rule('1', 'role:any, fs:*, /w/a, env!=test, deny, -');
    expect(outcome(held, READ, [deny, broken])).toEqual([false, ['1']]);
  });

  it('tests conditions at each decision, not once', () => {
    const decide = engine().prepare(READ, [rule('1', 'role:any, fs:read, /w/a, purpose=triage, allow, -')]);
    const as = (purpose: string) => decide({ context: { ...CONTEXT, purpose }, attributes: new Map() }).allowed;
    expect([as('triage'), as('audit'), as('triage')]).toEqual([true, false, true]);
  });

  it('keeps what was prepared for one request apart from the next', () => {
    const held = engine();
    const [one, other] = ['/w/a', '/w/b'].map((path) =>
      held.prepare(ask('fs:read', path), [rule(path, `role:any, fs:read, ${path}, -, allow, -`)]),
    );
    const input = { context: CONTEXT, attributes: new Map() };
    for (let turn = 0; turn < 3; turn++)
      expect([one, other].map((decide) => decide?.(input).matched.map(({ id }) => id))).toEqual([['/w/a'], ['/w/b']]);
  });

  it.each(['subject', 'action', 'resource'] as const)('throws for a %s that is no string', (part) => {
    const { [part]: text } = READ;
    const odd = { ...READ, [part]: [text] as unknown as string }; // what no type lets through
    expect(() => decideWith(engine(), odd, [rule('1', 'role:any, fs:read, /w/a, -, allow, -')])).toThrow(TypeError);
  });

  it('gives names that every object has no meaning', () => {
    const rules = [rule('1', 'role:x, fs:read, /w/a, -, allow, -')];
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(outcome(engine(), ask('fs:read', '/w/a', name), rules)[0]).toBe(false);
      expect(outcome(engine(), ask(name, '/w/a'), rules)[0]).toBe(false);
    }
  });
});

it('the compiled engine refuses every model but the accepted one', () => {
  for (const model of ['', DEFAULT_MODEL.replace('&& !some(where (p.eft == deny))', ''), `${DEFAULT_MODEL}\n`])
    expect(() => createCompiledEngine(model, SUBJECTS)).toThrow('the accepted model alone');
});
