import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../host/policy/default-model.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { load, problemsOf, VOCABULARY } from './fixture.ts';

const problems = (model: string) => problemsOf('', model);

describe('the model file', () => {
  it('may be absent, and says what decides where it is there', () => {
    const model = { file: 'model.conf', text: DEFAULT_MODEL };
    expect(loadPolicy({ policy: { file: 'p', text: '' }, model }, VOCABULARY, 1).ref).toEqual(load('').ref);
  });

  it('of the default policy is accepted', () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../policies/default-deny/${name}`, import.meta.url), 'utf8');
    const source = {
      policy: { file: 'policy.csv', text: read('policy.csv') },
      model: { file: 'model.conf', text: read('model.conf') },
    };
    const snapshot = loadPolicy(source, VOCABULARY, 1);
    expect(snapshot.rules).toEqual([]);
    expect(snapshot.ref).toEqual(load('').ref);
  });

  it('may differ in white space, comments, order and continued lines', () => {
    const sections = DEFAULT_MODEL.split('\n\n').toReversed().join('\r\n# comment\r\n');
    const spaced = sections
      .replace('r.sub, p.sub', 'r.sub,p.sub')
      .replace(' && objMatch', ' && \\\n   objMatch')
      .replace('==', ' == ');
    expect(problems(spaced)).toEqual([]);
  });

  it.each([
    ['an effect that allows what no row denies', DEFAULT_MODEL.replace(/e = .*/, 'e = !some(where (p.eft == deny))')],
    [
      'an effect in which a deny row counts for nothing',
      DEFAULT_MODEL.replace(/e = .*/, 'e = some(where (p.eft == allow))'),
    ],
    ['a priority effect', DEFAULT_MODEL.replace(/e = .*/, 'e = priority(p.eft) || deny')],
    ['a matcher with eval', DEFAULT_MODEL.replace('when(r.ctx, p.when, p.eft)', 'eval(p.when)')],
    ['a matcher without a term', DEFAULT_MODEL.replace(' && objMatch(r.obj, p.obj)', '')],
    ['a matcher with a pattern function of Casbin', DEFAULT_MODEL.replace('objMatch', 'keyMatch')],
    ['a matcher with a way round', DEFAULT_MODEL.replace('m = g', 'm = r.sub == "root" || g')],
    ['another column', DEFAULT_MODEL.replace('when, eft, then', 'when, eft, then, more')],
    ['columns in another order', DEFAULT_MODEL.replace('sub, act, obj, when', 'sub, obj, act, when')],
    ['domains', DEFAULT_MODEL.replace('g = _, _', 'g = _, _, _')],
  ])('is refused with %s', (_, text) => {
    const [problem, ...more] = problems(text);
    expect(more).toEqual([]);
    expect(problem).toMatch(/^model\.conf:\d+:1: this does not define .* as accepted; expected `/);
  });

  it('is refused with a section missing, unknown, or twice', () => {
    expect(problems(DEFAULT_MODEL.replace(/\[role_definition\]\ng = _, _\n/, ''))).toEqual([
      'model.conf:13:1: section `[role_definition]` is missing; expected `g = _, _`',
    ]);
    expect(problems(DEFAULT_MODEL.replace('[matchers]', '[matcher]'))[0]).toBe(
      'model.conf:14:1: unknown section `matcher`; did you mean `matchers`',
    );
    expect(problems(`${DEFAULT_MODEL}[role_definition]\ng2 = _, _\n`)).toEqual([
      'model.conf:16:1: `role_definition` is defined twice',
    ]);
    expect(problems('').length).toBe(5);
  });

  it('is refused where a line is neither section nor definition', () => {
    expect(problems(`${DEFAULT_MODEL}nonsense\n`)).toEqual([
      'model.conf:15:1: `nonsense` is neither a section nor a definition; expected `[section]` or `key = value`',
    ]);
  });
});
