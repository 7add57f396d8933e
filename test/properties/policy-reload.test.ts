import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import { packSlice, unpackSlice } from '../../host/policy/packed-slice.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { finish } from '../../host/policy/steps.ts';
import { countChanges, changesBetween, rowsOf } from '../../host/policy/store/row-changes.ts';
import { policyText, VOCABULARY } from './policy-arbitrary.ts';

const sourceOf = (text: string) => ({ policy: { file: 'policy.csv', text } });
/** What a load comes to: the policy, or its problems. */
function outcome(text: string, known?: PolicySnapshot): PolicySnapshot | readonly string[] {
  try {
    return loadPolicy(sourceOf(text), VOCABULARY, 1, undefined, known);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return error.hints;
  }
}

/** Lines of both, in any order, so that many rows are known and some have moved; roles may be gone. */
const change = fc.tuple(policyText, policyText).chain(([one, other]) => {
  const lines = [...one.split('\n'), ...other.split('\n')].filter((line) => line !== '');
  return fc.tuple(
    fc.constant(one),
    fc.shuffledSubarray(lines).map((all) => `${all.join('\n')}\n`),
  );
});

it('a policy that is loaded beside one that is known is what it is without, mistakes included', () => {
  let [loaded, refused] = [0, 0];
  fc.assert(
    fc.property(change, ([before, after]) => {
      const known = outcome(before);
      if (!('ref' in known)) return;
      const [plain, quick] = [outcome(after), outcome(after, known)];
      if (!('ref' in plain) || !('ref' in quick)) {
        refused += 1;
        expect(quick).toEqual(plain);
        return;
      }
      loaded += 1;
      expect(quick.ref).toEqual(plain.ref);
      expect(quick.rules).toEqual(plain.rules);
      expect(quick.links).toEqual(plain.links);
      const { added, removed } = changesBetween(rowsOf(sourceOf(before)), rowsOf(sourceOf(after)));
      expect(finish(countChanges(known, quick))).toEqual({
        rules: quick.rules.length,
        added: added.length,
        removed: removed.length,
      });
      for (const agent of ['agent:a', 'agent:b']) {
        const slice = quick.sliceFor(agent);
        expect(finish(quick.sliceSteps(agent))).toEqual(slice);
        expect({ ...unpackSlice(structuredClone(packSlice(slice))) }).toEqual(slice);
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(loaded, refused)).toBeGreaterThan(10);
});

it.each([
  ['purposes', 'purpose=triage', '-'],
  ['environments', 'env=prod', '-'],
  ['approvers', '-', 'approve=owner ttl=5m'],
  ['alerts', '-', 'alert=soc'],
] as const)('a row that is known does not keep a word of %s that is declared no more', (words, when, then) => {
  const text = `g, agent:a, role:r\np, role:r, fs:read, /workspace/**, ${when}, allow, ${then}\n`;
  const declared = {
    ...VOCABULARY,
    purposes: ['triage'],
    environments: ['prod'],
    approvers: ['owner'],
    alerts: ['soc'],
  };
  const known = loadPolicy(sourceOf(text), declared, 1);
  const load = (vocabulary: typeof declared) => loadPolicy(sourceOf(text), vocabulary, 2, undefined, known);
  expect(load(declared).rules).toHaveLength(1);
  expect(() => load({ ...declared, [words]: [] })).toThrow(HostError);
});
