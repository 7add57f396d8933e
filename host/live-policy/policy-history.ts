import { hash } from 'node:crypto';
import { join } from 'node:path';
import { MODEL_FILE, readManifest, readPolicyTexts, refuseExposedTexts } from '../configuration/configuration.ts';
import { HostError } from '../contracts/errors.ts';
import { createHostPowers, type HostPowers } from '../host-powers.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { policyStoreOf } from './policy-store.ts';
import { loadPolicy, type PolicySource } from '../policy/policy-snapshot.ts';
import { diffPolicies, type RowChange } from '../policy/row-diff.ts';
import type { PolicyStore, PolicyVersion } from '../policy/store/policy-store.ts';
import { vocabularyOf, type GateSettings } from '../configuration/settings.ts';

/** Where a policy and its versions are. */
export interface PolicyLocation {
  /** Path of `sallyport.yaml`. */
  readonly configuration: string;
  /** Where relative paths start. */
  readonly workingDirectory: string;
  readonly powers?: HostPowers;
}

/** One side of a comparison: the generation of a version, or the files as they are. */
export type PolicySide = number | 'files';

/** Two policies compared. */
export interface PolicyDifference {
  readonly from: PolicySide;
  readonly to: PolicySide;
  readonly changes: readonly RowChange[];
}

/** What a rollback has done. */
export interface Rollback {
  /** The version whose texts stand in the files now. */
  readonly to: PolicyVersion;
  /** The version that holds what stood there; `undefined` where that could not be in force. */
  readonly before?: PolicyVersion;
  /** Where what stood there was put, if it could not be in force. */
  readonly setAside?: string;
  readonly changes: readonly RowChange[];
  readonly file: string;
}

/** A version with its texts. */
export interface ShownVersion extends PolicyVersion {
  readonly policy: string;
  readonly model?: string;
}

/** The versions of a policy, for whoever keeps it. No host is opened, and nothing runs. */
export interface PolicyHistory {
  /** The oldest first. */
  versions(): readonly PolicyVersion[];
  show(generation: number): ShownVersion;
  diff(from: PolicySide | undefined, to: PolicySide | undefined): PolicyDifference;
  /**
   * Writes the texts of a version into the files, whole or not at all, and keeps what stood there. Hosts that follow the
   * files put it in force. Throws where it would not load under the configuration as it is now.
   */
  rollback(generation: number, by?: string): Rollback;
}

/** Opens the history of a policy. Throws `ERR_CONFIG_*`. */
export function openPolicyHistory(location: PolicyLocation): PolicyHistory {
  const powers = location.powers ?? createHostPowers();
  const { manifest, settings } = readManifest(location.configuration, location.workingDirectory, powers);
  const store = policyStoreOf(manifest, powers);

  function versionOf(generation: number): PolicyVersion {
    const versions = store.versions();
    const found = versions.find((version) => version.generation === generation);
    if (found !== undefined) return found;
    const hints =
      versions.length === 0
        ? ['no policy was in force yet: a version is kept when an agent runs, or a policy changes']
        : [
            `there are ${versions.at(0)?.generation ?? 0} to ${versions.at(-1)?.generation ?? 0}: see \`policy history\``,
          ];
    throw new HostError('ERR_USAGE', `there is no version ${generation} of the policy`, { hints });
  }

  function textsOf(version: PolicyVersion): PolicySource {
    const texts = store.texts(version);
    if (texts !== undefined) return texts;
    throw new HostError(
      'ERR_POLICY_STORE',
      `the texts of version ${version.generation} are not there any more, or are not what was kept`,
    );
  }

  const current = (): PolicySource => readPolicyTexts(manifest, settings, powers);
  const sideText = (side: PolicySide): PolicySource => (side === 'files' ? current() : textsOf(versionOf(side)));

  return Object.freeze({
    versions: () => store.versions(),
    show(generation: number): ShownVersion {
      const version = versionOf(generation);
      const { policy, model } = textsOf(version);
      return { ...version, policy: policy.text, ...(model === undefined ? {} : { model: model.text }) };
    },
    diff(from: PolicySide | undefined, to: PolicySide = 'files'): PolicyDifference {
      const begin = from ?? store.latest()?.generation;
      if (begin === undefined) versionOf(0); // says that there is none
      const since = begin ?? 'files';
      return { from: since, to, changes: diffPolicies(sideText(since), sideText(to)) };
    },
    rollback(generation: number, by?: string): Rollback {
      const to = versionOf(generation);
      const texts = textsOf(to);
      loadPolicy(texts, vocabularyOf(manifest, settings.tools, settings.detectors), generation);
      const old = current();
      const kept = keepFiles({ manifest, settings, powers, store }, old, by);
      writeTexts(manifest, settings, texts, powers);
      return { to, ...kept, changes: diffPolicies(old, texts), file: manifest.policy.rules };
    },
  });
}

interface Keeper {
  readonly manifest: Manifest;
  readonly settings: GateSettings;
  readonly powers: HostPowers;
  readonly store: PolicyStore;
}

/** Keeps what stands in the files, so that a rollback can be taken back. What does not load is no version: it is put aside. */
function keepFiles(
  { manifest, settings, store, powers }: Keeper,
  texts: PolicySource,
  by?: string,
): Pick<Rollback, 'before' | 'setAside'> {
  let policy;
  try {
    policy = loadPolicy(texts, vocabularyOf(manifest, settings.tools, settings.detectors), 1);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const bytes = Buffer.from(texts.policy.text);
    const name = `${hash('sha256', bytes, 'hex').slice(0, 16)}.csv`;
    const setAside = join(manifest.state.directory, 'policy', 'set-aside', name);
    powers.versionFiles.write(setAside, bytes);
    return { setAside };
  }
  const { words, ref } = policy;
  const reason = { why: 'before a rollback', ...(by === undefined ? {} : { by }) };
  return { before: store.keep({ digest: ref.digest, texts, words, ...reason }) };
}

/** Links are followed: what they lead to is written, and they stay. */
function writeTexts({ policy }: Manifest, settings: GateSettings, texts: PolicySource, powers: HostPowers): void {
  const { versionFiles: files, probe } = powers;
  const write = (path: string, text: string): void => {
    const real = probe.real(path) ?? path;
    refuseExposedTexts(settings, path, real);
    try {
      files.replace(real, Buffer.from(text), files.mode(real) ?? 0o644);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new HostError('ERR_POLICY_STORE', `\`${path}\` cannot be written: ${reason}`, { cause });
    }
  };
  const model = join(policy.directory, MODEL_FILE);
  if (texts.model !== undefined) write(model, texts.model.text);
  write(policy.rules, texts.policy.text);
  if (texts.model === undefined && probe.kind(model) === 'file') files.remove(model);
}
