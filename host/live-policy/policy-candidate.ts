import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { readManifest, readPolicyTests, readPolicyTexts, type Configuration } from '../configuration/configuration.ts';
import { HostError } from '../contracts/errors.ts';
import type { HostPowers } from '../host-powers.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { policyTestSteps } from './policy-test.ts';
import { lintErrorSteps } from '../policy/lint-errors.ts';
import type { SourceText } from '../policy/policy-file.ts';
import { loadSteps, type PolicySource } from '../policy/policy-snapshot.ts';
import type { Steps } from '../policy/steps.ts';
import { vocabularyOf, type GateSettings } from '../configuration/settings.ts';

/** A configuration that could take the place of the one in force. */
export interface PolicyCandidate {
  readonly configuration: Configuration;
  /** Sections of `sallyport.yaml` that have changed and are not a part of it. */
  readonly restart: readonly string[];
}

/** What the files hold, read together. */
export interface CandidateTexts {
  readonly policy: PolicySource;
  readonly tests: SourceText | undefined;
  /** The configuration file, as far as a host takes it up while it is open; and all of it. */
  readonly manifest: Manifest;
  readonly now: Pick<Configuration, 'manifest' | 'settings'>;
}

/** Makes candidates for one host. */
export interface CandidateReader {
  /** What the files hold now. Throws a `HostError` where they cannot be read. */
  read(live: Configuration): CandidateTexts;
  /** Makes a candidate of them, with pauses. Throws a `HostError` with every problem where it must not be put in force. */
  steps(texts: CandidateTexts, live: Configuration): Steps<PolicyCandidate>;
  /** These are in force from now on: the same again need not be looked at. */
  accept(texts: CandidateTexts): void;
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
  let accepted: CandidateTexts | undefined;
  let known = { digest: digestOfFile(first.manifest.file, powers), manifest: first.manifest, settings: first.settings };

  /** The configuration file as it is now. It is checked again only where its bytes have changed. */
  function manifestNow(): { manifest: Manifest; settings: GateSettings } {
    const digest = digestOfFile(known.manifest.file, powers);
    if (digest === undefined || digest !== known.digest)
      known = { digest, ...readManifest(file, workingDirectory, powers) };
    return known;
  }

  return Object.freeze({
    read(live: Configuration): CandidateTexts {
      const now = manifestNow();
      const { purposes, environments, approvers, alerts } = now.manifest;
      const manifest: Manifest = Object.freeze({ ...live.manifest, purposes, environments, approvers, alerts });
      const policy = readPolicyTexts(manifest, live.settings, powers);
      return { policy, tests: readPolicyTests(manifest, live.settings, powers), manifest, now };
    },
    *steps(texts: CandidateTexts, live: Configuration): Steps<PolicyCandidate> {
      const restart = changedSections(first, texts.now);
      if (accepted !== undefined && isAlike(accepted, texts)) return { configuration: live, restart };
      const { manifest, policy: source } = texts;
      const { settings, policy: known } = live;
      const words = vocabularyOf(manifest, settings.tools, settings.detectors);
      const { generation } = known.ref;
      const policy = yield* loadSteps(source, words, generation, manifest.policy.deciding, known);
      const configuration: Configuration = { manifest, settings, texts: source, policy };
      yield* refuseLintErrors(configuration);
      yield* refuseFailedTests(configuration, texts.tests);
      return { configuration, restart };
    },
    accept(texts: CandidateTexts): void {
      accepted = texts;
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

/** Whether they are the same to the last character. */
const isAlike = (one: CandidateTexts, other: CandidateTexts): boolean =>
  one.policy.policy.text === other.policy.policy.text &&
  one.policy.model?.text === other.policy.model?.text &&
  one.tests?.text === other.tests?.text &&
  WORDS.every((name) => isDeepStrictEqual(one.manifest[name], other.manifest[name]));

function* refuseLintErrors({ policy, manifest }: Configuration): Steps<void> {
  const file = manifest.policy.rules;
  const hints = (yield* lintErrorSteps(policy)).flatMap(({ line, message, mend = [] }) => [
    `${file}:${line}: ${message}`,
    ...mend.map((row) => `  mended by: ${row}`),
  ]);
  if (hints.length > 0)
    throw new HostError('ERR_POLICY_INVALID', 'the policy has rows that must not stand side by side', { hints });
}

function* refuseFailedTests(configuration: Configuration, tests: SourceText | undefined): Steps<void> {
  if (tests === undefined) return;
  const { failures } = yield* policyTestSteps(tests, configuration);
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
