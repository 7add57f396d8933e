import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { readManifest, readPolicyTests, readPolicyTexts, type Configuration } from '../configuration/configuration.ts';
import { HostError } from '../contracts/errors.ts';
import type { HostPowers } from '../host-powers.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { runPolicyTests } from './policy-test.ts';
import { lintErrors } from '../policy/lint-errors.ts';
import { loadPolicy } from '../policy/policy-snapshot.ts';
import { vocabularyOf, type GateSettings } from '../configuration/settings.ts';

/** A configuration that could take the place of the one in force. */
export interface PolicyCandidate {
  readonly configuration: Configuration;
  /** Sections of `sallyport.yaml` that have changed and are not a part of it. */
  readonly restart: readonly string[];
}

/** Reads candidates for one host. */
export interface CandidateReader {
  /** Reads what the files hold now. Throws a `HostError` with every problem where it must not be put in force. */
  read(live: Configuration, generation: number): PolicyCandidate;
}

/**
 * The words of a policy that a host takes up while it is open. Labels and groups are no such words: cells hold their order
 * and what they are, and what was read carries them.
 */
const WORDS = ['purposes', 'environments', 'approvers', 'alerts'] as const;

/** Makes the reader of a host's candidates. */
export function createCandidateReader(
  file: string,
  workingDirectory: string,
  powers: HostPowers,
  first: Configuration,
): CandidateReader {
  let known = { digest: digestOfFile(first.manifest.file, powers), manifest: first.manifest, settings: first.settings };

  /** The configuration file as it is now. It is checked again only where its bytes have changed. */
  function manifestNow(): { manifest: Manifest; settings: GateSettings } {
    const digest = digestOfFile(known.manifest.file, powers);
    if (digest === undefined || digest !== known.digest)
      known = { digest, ...readManifest(file, workingDirectory, powers) };
    return known;
  }

  return Object.freeze({
    read(live: Configuration, generation: number): PolicyCandidate {
      const now = manifestNow();
      const { purposes, environments, approvers, alerts } = now.manifest;
      const manifest: Manifest = { ...live.manifest, purposes, environments, approvers, alerts };
      const { settings } = live;
      const texts = readPolicyTexts(manifest, settings, powers);
      const { deciding } = manifest.policy;
      const policy = loadPolicy(
        texts,
        vocabularyOf(manifest, settings.tools, settings.detectors),
        generation,
        deciding,
      );
      const configuration: Configuration = { manifest: Object.freeze(manifest), settings, texts, policy };
      refuseLintErrors(configuration);
      refuseFailedTests(configuration, powers);
      return { configuration, restart: changedSections(first, now) };
    },
  });
}

function digestOfFile(path: string, { texts }: HostPowers): string | undefined {
  try {
    return hash('sha256', texts.read(path, 1 << 20), 'hex');
  } catch {
    return undefined; // whoever reads the configuration says why it cannot be read
  }
}

function refuseLintErrors({ policy, manifest }: Configuration): void {
  const file = manifest.policy.rules;
  const hints = lintErrors(policy).flatMap(({ line, message, mend = [] }) => [
    `${file}:${line}: ${message}`,
    ...mend.map((row) => `  mended by: ${row}`),
  ]);
  if (hints.length > 0)
    throw new HostError('ERR_POLICY_INVALID', 'the policy has rows that must not stand side by side', { hints });
}

function refuseFailedTests(configuration: Configuration, powers: HostPowers): void {
  const tests = readPolicyTests(configuration.manifest, configuration.settings, powers);
  if (tests === undefined) return;
  const { failures } = runPolicyTests(tests, configuration);
  if (failures.length > 0)
    throw new HostError(
      'ERR_POLICY_TEST',
      failures.length === 1 ? 'a test of the policy fails' : `${failures.length} tests of the policy fail`,
      { hints: failures },
    );
}

/** What a host takes up only when it is opened, and what of it is not what it was then. */
function changedSections(
  first: Pick<Configuration, 'manifest' | 'settings'>,
  now: Pick<Configuration, 'manifest' | 'settings'>,
): readonly string[] {
  const [before, after] = [partsOf(first), partsOf(now)];
  return [...before.keys()].filter((name) => !isDeepStrictEqual(before.get(name), after.get(name)));
}

function partsOf({ manifest, settings }: Pick<Configuration, 'manifest' | 'settings'>): ReadonlyMap<string, unknown> {
  const words: readonly string[] = WORDS;
  return new Map<string, unknown>([
    ...Object.entries(manifest).filter(([name]) => name !== 'section' && !words.includes(name)),
    ['policy', [manifest.policy.directory, manifest.policy.deciding]],
    ...Object.entries(settings),
  ]);
}
