import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../host/configuration/configuration.ts';
import { createHostPowers } from '../../host/host-powers.ts';
import type { Declared } from '../../host/policy/breadth.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { createPolicyView } from '../../host/views/policy-view.ts';
import { vocabularyOf } from '../../host/configuration/settings.ts';
import { runCommand } from '../support/command-line.ts';
import { makeWorld } from '../adversarial/host/host-bed.ts';

const root = join(import.meta.dirname, '..', '..');
/** The sets that say themselves what exists. */
const configured = readdirSync(join(root, 'policies')).filter((name) =>
  readdirSync(join(root, 'policies', name)).includes('sallyport.yaml'),
);
const policies = readdirSync(join(root, 'policies'), { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('policy.csv') && !configured.includes(dirname(name)),
);

/** What the configurations beside the published policies declare. */
const DECLARED: Declared = {
  tools: [{ name: 'search-log', program: '/usr/bin/grep', takesArguments: true }],
  databases: ['main'],
  mounts: ['/workspace'],
};

describe('the policies that are published', () => {
  it.each(policies)('policies/%s has nothing to warn of', (name) => {
    const file = join(root, 'policies', name);
    const words = {
      purposes: ['triage'],
      environments: [],
      labels: [],
      approvers: new Map(),
      alerts: [],
      groups: undefined,
    };
    const vocabulary = { ...vocabularyOf(words, { tools: [] }, new Map()), isArgument: () => true };
    const snapshot = loadPolicy({ policy: { file, text: readFileSync(file, 'utf8') } }, vocabulary, 1);
    expect(lintPolicy(snapshot, Date.now(), DECLARED)).toEqual([]);
  });

  it('are more than two that bring their own configuration and tests', () => {
    expect(configured.sort()).toEqual(['coding-agent', 'multi-agent', 'read-only-analyst', 'trading-desk']);
  });

  it.each(configured)('policies/%s passes its own tests and has nothing to warn of', async (name) => {
    const { code, stdout } = await runCommand(
      ['policy', 'check', '--config', join('policies', name, 'sallyport.yaml'), '--json'],
      { cwd: root },
    );
    const report = JSON.parse(stdout) as { warnings: unknown[]; tests: { passed: number; failures: unknown[] } };
    expect([code, report.warnings, report.tests.failures]).toEqual([0, [], []]);
    expect(report.tests.passed).toBeGreaterThan(5);
    expect(readFileSync(join(root, 'policies', name, 'README.md'), 'utf8')).toContain('policy check');
  });

  it('and that of an example with its own configuration has none either', () => {
    const powers = createHostPowers();
    const configuration = readConfiguration('guest-examples/hello/sallyport.yaml', root, powers);
    expect(createPolicyView(configuration, powers.clock).report().warnings).toEqual([]);
  });

  it('is held against what its configuration declares', () => {
    const world = makeWorld({
      rows: ['p, role:any, tool:call, tool:prnit, -, deny, -', 'p, agent:tester, db:select, db:main/*, -, allow, -'],
    });
    try {
      const powers = createHostPowers();
      const configuration = readConfiguration('sallyport.yaml', world.directory, powers);
      expect(createPolicyView(configuration, powers.clock).report().warnings).toMatchObject([
        { line: 1, message: expect.stringContaining('declares no tool') as string },
        { line: 2, mend: ['p, agent:tester, db:select, db:main/TABLE, -, allow, -'] },
      ]);
    } finally {
      world.remove();
    }
  });
});
