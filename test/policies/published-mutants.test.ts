import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfiguration, readPolicyTests } from '../../host/configuration/configuration.ts';
import { vocabularyOf } from '../../host/configuration/settings.ts';
import { HostError } from '../../host/contracts/errors.ts';
import { createHostPowers } from '../../host/host-powers.ts';
import { runPolicyTests } from '../../host/live-policy/policy-test.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { mutantsOf } from './mutants.ts';

const root = join(import.meta.dirname, '../../policies');
const sets = readdirSync(root).filter((name) => readdirSync(join(root, name)).includes('tests.yaml'));

/** What no test of a set can tell from the set: the README of the set says why the row stands all the same. */
const REDUNDANT: Readonly<Record<string, readonly string[]>> = {
  'coding-agent': [
    'p, role:coder, tool:call, tool:git/push, arg.branch~agent/**, allow, approve=owner ttl=1h rate=10/h: without `arg.branch~agent/**`',
  ],
  'trading-desk': [
    'p, role:desk, http:POST, https://partner.example/notes, label<=internal, allow, redact=email|iban|phone rate=20/h bytes=1MB/h: without `label<=internal`',
    'p, agent:trader, http:POST, https://broker.example/orders, purpose=execution label<=internal, allow, approve=supervisor ttl=5m concurrency=1: without `label<=internal`',
    'p, agent:reporter, db:select, db:main/public.clients, purpose=client-report, allow, rows=100 label=internal: without `purpose=client-report`',
  ],
  'multi-agent': [
    'p, role:any, http:POST, https://blog.example/**, label<=public, allow, rate=30/h: without `label<=public`',
  ],
};

describe('the tests of a published set', () => {
  it.each(sets)('policies/%s notice every row that is changed', (name) => {
    const powers = createHostPowers();
    const configuration = readConfiguration(join(root, name, 'sallyport.yaml'), root, powers);
    const { manifest, settings, texts } = configuration;
    const tests = readPolicyTests(manifest, settings, powers);
    if (tests === undefined) throw new Error('the set has no tests');
    const words = vocabularyOf(manifest, settings.tools, settings.detectors);

    const load = (text: string): PolicySnapshot | undefined => {
      try {
        return loadPolicy({ ...texts, policy: { ...texts.policy, text } }, words, 1);
      } catch (error) {
        // A row that is refused as such decides nothing.
        if (error instanceof HostError && error.code === 'ERR_POLICY_INVALID') return undefined;
        throw error;
      }
    };
    const mutants = mutantsOf(texts.policy.text).flatMap((mutant) => {
      const policy = load(mutant.text);
      return policy === undefined ? [] : [{ name: mutant.name, policy }];
    });
    const survivors = mutants.filter(
      ({ policy }) => runPolicyTests(tests, { manifest, settings, policy }).failures.length === 0,
    );

    expect(mutants.length).toBeGreaterThan(15);
    expect(survivors.map((mutant) => mutant.name)).toEqual(REDUNDANT[name] ?? []);
  });
});
