import { describe, expect, it } from 'vitest';
import type { DecisionContext, DecisionPoint } from '../../host/contracts/decision-point.ts';
import { createCasbinEngine } from '../../host/policy/casbin/engine.ts';
import { createCompiledEngine } from '../../host/policy/compiled-engine.ts';
import { DEFAULT_MODEL } from '../../host/policy/default-model.ts';
import type { Decide, Engine, MakeEngine } from '../../host/policy/engine.ts';
import { createShadowedEngine } from '../../host/policy/shadowed-engine.ts';
import { intersectionOf } from '../../host/policy/intersection.ts';
import { ask, rule, SUBJECTS } from './engine-case.ts';
import { access, AGENT, compiledPointOf, CONTEXT, load, NOON, row } from './fixture.ts';

const READ = access('fs:read', '/w/a');
const ROWS = row() + row({ action: 'fs:*', resource: '/w/a', then: 'rows=3' });
const DENIED = row() + row({ resource: '/w/a', effect: 'deny' });
const idsOf = (text: string): string[] => load(text).rules.map(({ id }) => id);

/** The compiled engine with its answers changed. */
const wrong =
  (change: (decide: Decide) => Decide): MakeEngine =>
  (...given) => {
    const engine = createCompiledEngine(...given);
    return { prepare: (...request) => change(engine.prepare(...request)) };
  };
/** One that overlooks denials. */
const blind = wrong((decide) => (input) => {
  const matched = decide(input).matched.filter(({ effect }) => effect === 'allow');
  return { allowed: matched.length > 0, matched };
});
const deaf = wrong(() => () => ({ allowed: false, matched: [] }));
const forgetful = wrong((decide) => (input) => ({ ...decide(input), matched: decide(input).matched.slice(0, 1) }));
const broken = wrong(() => () => {
  throw new Error('broken');
});

const decide = (point: DecisionPoint, context: DecisionContext = CONTEXT) => point.decide([READ], context);

describe('where the compiled engine differs from Casbin, the decision', () => {
  it('is a deny if Casbin denies, and Casbin decides from then on', () => {
    const point = compiledPointOf(DENIED, 1, blind);
    const [allow, deny] = idsOf(DENIED);
    const diverged = [
      {
        ...{ agent: AGENT, action: 'fs:read', resource: '/w/a' },
        casbin: { effect: 'deny', rules: [allow, deny] },
        compiled: { effect: 'allow', rules: [allow] },
      },
    ];
    expect(decide(point)).toMatchObject({ effect: 'deny', reason: 'policy-unavailable', rules: [], diverged });
    expect(decide(point)).toMatchObject({
      effect: 'deny',
      reason: 'forbidden-by-rule',
      rules: [{ id: deny }],
      diverged,
    });
    expect(point.decide([access('fs:read', '/w/b')], CONTEXT)).toMatchObject({ effect: 'allow', diverged });
  });

  it('is a deny if the compiled engine denies, and Casbin decides from then on', () => {
    const point = compiledPointOf(ROWS, 1, deaf);
    const diverged = [{ casbin: { effect: 'allow', rules: idsOf(ROWS) }, compiled: { effect: 'deny', rules: [] } }];
    expect(decide(point)).toMatchObject({ effect: 'deny', reason: 'policy-unavailable', diverged });
    expect(decide(point)).toMatchObject({ effect: 'allow', obligations: { rows: 3 }, diverged });
  });

  it("is Casbin's if both allow by other rules", () => {
    const point = compiledPointOf(ROWS, 1, forgetful);
    expect(decide(point)).toMatchObject({ effect: 'allow', obligations: { rows: 3 }, diverged: [{}] });
    expect(decide(point).rules.map(({ id }) => id)).toEqual(idsOf(ROWS));
  });

  it('is a deny if the compiled engine fails, and Casbin decides from then on', () => {
    const point = compiledPointOf(ROWS, 1, broken);
    const diverged = [{ compiled: { effect: 'error', rules: [] } }];
    expect(decide(point)).toMatchObject({ effect: 'deny', reason: 'policy-unavailable', diverged });
    expect(decide(point)).toMatchObject({ effect: 'allow', diverged });
  });

  it('is a deny if what it was asked cannot even be prepared', () => {
    const unprepared: MakeEngine = () => ({
      prepare() {
        throw new Error('broken');
      },
    });
    const point = compiledPointOf(ROWS, 1, unprepared);
    expect(decide(point)).toMatchObject({ effect: 'deny', reason: 'policy-unavailable', diverged: [{}] });
    expect(decide(point)).toMatchObject({ effect: 'allow' });
  });

  it('is a deny of the whole request, at the access on which they differ', () => {
    const point = compiledPointOf(
      row() + row({ action: 'fs:write' }) + row({ action: 'fs:write', effect: 'deny', resource: '/w/x' }),
      1,
      blind,
    );
    const both = [READ, access('fs:write', '/w/x')] as const;
    expect(point.decide([...both], CONTEXT)).toMatchObject({
      effect: 'deny',
      access: 1,
      diverged: [{ action: 'fs:write' }],
    });
  });

  it('carries the difference through a chain of callers, whoever of them it concerns', () => {
    const caller = 'agent:b';
    const slice = load(row()).sliceFor(caller);
    const links = [
      { agent: AGENT, decisionPoint: compiledPointOf(row(), 1), facts: {} },
      { agent: caller, decisionPoint: compiledPointOf(ROWS, 1, forgetful), facts: {} },
    ] as const;
    expect(slice.agent).toBe(caller);
    expect(intersectionOf([...links]).decide([READ], CONTEXT)).toMatchObject({ effect: 'allow', diverged: [{}] });
    const denying = { agent: caller, decisionPoint: compiledPointOf(DENIED, 1, blind), facts: {} };
    expect(intersectionOf([links[0], denying]).decide([READ], CONTEXT)).toMatchObject({
      ...{ effect: 'deny', reason: 'policy-unavailable', agent: caller },
      diverged: [{ compiled: { effect: 'allow' } }],
    });
  });
});

describe('the sample', () => {
  const RULES = [rule('1', 'role:any, fs:read, /w/a, -, allow, -')];
  /** How often each engine is asked in so many decisions. */
  function asked(every: number, decisions: number, nowMs: (turn: number) => number) {
    const counts = { compiled: 0, casbin: 0 };
    const counting = (name: keyof typeof counts, engine: Engine): Engine => ({
      prepare(...request) {
        const prepared = engine.prepare(...request);
        return (input) => {
          counts[name]++;
          return prepared(input);
        };
      },
    });
    const shadowed = createShadowedEngine({
      compiled: counting('compiled', createCompiledEngine(DEFAULT_MODEL, SUBJECTS)),
      makeCasbin: () => counting('casbin', createCasbinEngine(DEFAULT_MODEL, SUBJECTS)),
      every,
    });
    const prepared = shadowed.prepare(ask('fs:read', '/w/a'), RULES);
    for (let turn = 0; turn < decisions; turn++) prepared({ context: { nowMs: nowMs(turn) }, attributes: new Map() });
    expect(shadowed.divergence()).toBeUndefined();
    return counts;
  }

  it.each([1, 2, 7, 100])('is one decision in %i, whatever the clock says', (every) => {
    for (const nowMs of [() => NOON, (turn: number) => NOON + turn * 37, () => Number.NaN, () => -1.5, () => Infinity])
      expect(asked(every, every * 5, nowMs)).toEqual({ compiled: every * 5, casbin: 5 });
  });

  it('lies anywhere in its row: no place is left out', () => {
    const places = new Set<number>();
    for (let nowMs = NOON; nowMs < NOON + 10; nowMs++) {
      const point = compiledPointOf(DENIED, 10, blind);
      for (let turn = 0; turn < 10; turn++) {
        if (decide(point, { nowMs }).effect !== 'deny') continue;
        places.add(turn);
        break;
      }
    }
    expect(places.size).toBe(10);
  });

  it('finds a wrong engine within so many decisions', () => {
    const point = compiledPointOf(DENIED, 50, blind);
    const effects = Array.from({ length: 60 }, () => decide(point).effect);
    const first = effects.indexOf('deny');
    expect(first).toBeGreaterThanOrEqual(0);
    expect(effects.slice(first)).not.toContain('allow');
  });

  it('is none at all where that is asked for: then nobody notices', () => {
    const point = compiledPointOf(DENIED, 0, blind);
    const effects = new Set(Array.from({ length: 500 }, () => decide(point).effect));
    expect([...effects]).toEqual(['allow']);
  });
});

it('a compiled decision point that is right answers as Casbin does, and carries no difference', () => {
  for (const shadow of [0, 1, 3]) {
    const point = compiledPointOf(DENIED, shadow);
    for (let turn = 0; turn < 10; turn++) {
      expect(decide(point)).toMatchObject({ effect: 'deny', reason: 'forbidden-by-rule' });
      expect(decide(point)).not.toHaveProperty('diverged');
      expect(point.decide([access('fs:read', '/w/b')], CONTEXT).effect).toBe('allow');
    }
  }
});
