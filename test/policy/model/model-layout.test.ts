import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../../host/policy/default-model.ts';
import { loadPolicy } from '../../../host/policy/policy-snapshot.ts';
import { load, problemsOf, VOCABULARY } from '../fixture.ts';
import { REFUSED_MODELS } from './refused-models.ts';

const problems = (model: string) => problemsOf('', model).map((text) => text.replace('model.conf:', ''));

describe('the model file', () => {
  it('may be absent, and changes nothing where it says what is so without it', () => {
    const model = { file: 'model.conf', text: DEFAULT_MODEL };
    const text = 'p, agent:a, fs:read, /w/**, -, allow, -\n';
    expect(loadPolicy({ policy: { file: 'p', text }, model }, VOCABULARY, 1).ref).toEqual(load(text).ref);
  });

  it('of the default policy is accepted', () => {
    const read = (name: string) =>
      readFileSync(new URL(`../../../policies/default-deny/${name}`, import.meta.url), 'utf8');
    const source = {
      policy: { file: 'policy.csv', text: read('policy.csv') },
      model: { file: 'model.conf', text: read('model.conf') },
    };
    const snapshot = loadPolicy(source, VOCABULARY, 1);
    expect(snapshot.rules).toEqual([]);
    expect(snapshot.ref).toEqual(load('').ref);
  });

  it.each([
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['line ends of two characters', (text: string) => text.replaceAll('\n', '\r\n')],
    ['comments', (text: string) => text.replaceAll('\n', ' # one; two\n').replaceAll(']\n', '] ; three\n')],
    ['sections in another order', (text: string) => text.split('\n\n').toReversed().join('\n')],
    ['no spaces', (text: string) => text.replaceAll(' ', '')],
    ['tabs and more spaces', (text: string) => text.replaceAll(' ', '\t ')],
    ['continued lines', (text: string) => text.replaceAll(' && ', ' \\\r\n   && ').replaceAll(', ', ', \\\n')],
    ['a comment between continued lines', (text: string) => text.replaceAll(' && ', ' && \\\n# why\n\n ')],
    ['brackets', (text: string) => text.replace(/m = (.*) && (note.*)/, 'm = ($1) && ($2)')],
    ['no newline at its end', (text: string) => text.trimEnd()],
    ['terms in another order', (text: string) => text.replace(/m = (\S+ \S+) && (\S+ \S+)/, 'm = $2 && $1')],
  ])('may be written with %s', (_, change) => {
    expect(change(DEFAULT_MODEL)).not.toBe(DEFAULT_MODEL);
    expect(problems(change(DEFAULT_MODEL))).toEqual([]);
  });

  it('without users learns how a row is for every agent', () => {
    const model = `[request_definition]\nr = sub, obj, act\n[policy_definition]\np = obj, act\n[policy_effect]
e = some(where (p.eft == allow))\n[matchers]\nm = r.obj == p.obj && r.act == p.act\n`;
    expect(problems(model)).toEqual(['4:1: a row names its `sub`; add the column (`role:any` is every agent)']);
  });

  it.each(REFUSED_MODELS)('is refused with %s', (_, from, to, expected) => {
    const text = DEFAULT_MODEL.replace(from, to);
    expect(text).not.toBe(DEFAULT_MODEL);
    expect(problems(text)).toEqual(expected);
  });

  it('says where a mistake stands in a continued line', () => {
    const text = DEFAULT_MODEL.replaceAll(' && ', ' && \\\r\n    ').replace('objMatch', 'keyMatch');
    expect(problems(text)).toEqual([expect.stringMatching(/^17:5: `keyMatch` is not accepted/)]);
  });

  it('is refused with every mistake at once, and rows are read under a sound one alone', () => {
    const text = DEFAULT_MODEL.replace('objMatch', 'keyMatch').replace('g = _, _', 'g = _').replace('ctx', 'context');
    expect(problemsOf('nonsense\n', text)).toHaveLength(2);
    expect(problems('')).toHaveLength(4);
  });

  it('is refused where it is huge, with the number', () => {
    expect(problems(`${DEFAULT_MODEL}${'#'.repeat(65_536)}`)).toEqual([
      expect.stringMatching(/^1:1: a model has at most 65536 characters, this one has 6\d{4}$/),
    ]);
    const long = DEFAULT_MODEL.replace('m = ', `m = ${'r.act == p.act && '.repeat(3_000)}`);
    expect(problems(long).length).toBeGreaterThan(0);
    expect(problems(DEFAULT_MODEL.replace('r = ', `r = ${'x'.repeat(20_000)}, `))[0]?.length).toBeLessThan(250);
  });

  it.each(['[', '[[', '(', '"', ' ', '\t', 'g', 'g(', '!', '=', '&&', '||', ',', '\\\n', 'r.sub==p.sub&&'])(
    'is read in one go, whatever is in it in masses: %j',
    (text) => {
      const mass = text.repeat(Math.floor(60_000 / text.length));
      for (const place of ['[request_definition]', 'r = ', '_, _', 'm = g'])
        expect(problems(DEFAULT_MODEL.replace(place, `${place}${mass}x`)).length).toBeGreaterThan(0);
    },
  );

  it('is refused for every character that is taken out of its matcher, or means the same', () => {
    const start = DEFAULT_MODEL.indexOf('m = ') + 4;
    const accepted = new Set<string>();
    for (let at = start; at < DEFAULT_MODEL.length - 1; at++) {
      const text = DEFAULT_MODEL.slice(0, at) + DEFAULT_MODEL.slice(at + 1);
      if (problems(text).length === 0) accepted.add(DEFAULT_MODEL[at] ?? '');
    }
    expect([...accepted]).toEqual([' ']);
  });
});
