import type { PolicySource } from '../policy-snapshot.ts';
import type { Pace } from '../steps.ts';
import type { Words } from '../vocabulary.ts';

/** One policy that was in force, as the store knows it. */
export interface PolicyVersion {
  /** Goes up with every version, and is never given twice. */
  readonly generation: number;
  /** Of the policy, `sha256:` and hex, as records name it. */
  readonly digest: string;
  /** Of its texts and words, `sha256:` and hex: names what is kept. */
  readonly source: string;
  /** RFC 3339. */
  readonly time: string;
  /** Who put it in force, where that is known. */
  readonly by?: string;
  /** Why: `start`, `changed`, `reload`, `rollback to 3`. */
  readonly why: string;
  readonly rules: number;
  /** Rows that the version before did not have, and those that only it had. */
  readonly added: number;
  readonly removed: number;
}

/** A policy that is in force, to be kept. */
export interface InForce {
  readonly digest: string;
  readonly texts: PolicySource;
  /** The words of the configuration under which it was loaded. */
  readonly words: Words;
  readonly by?: string;
  readonly why: string;
  /** What changed against a version, where that is known already. */
  readonly changes?: RowCounts & { readonly since: number };
}

/** Of a policy: its rules, the rows that another had not, and those that only the other had. */
export interface RowCounts {
  readonly rules: number;
  readonly added: number;
  readonly removed: number;
}

/**
 * The versions of a policy (the PAP's memory). The texts are kept as they were; a version is found again by its generation.
 * Several processes may share one. Methods throw `ERR_POLICY_STORE`.
 */
export interface PolicyStore {
  /** The newest version; `undefined` in a store that has none. */
  latest(): PolicyVersion | undefined;
  /** The highest generation that was ever given; 0 where none was. */
  lastGeneration(): number;
  /** Those that are kept, the oldest first. */
  versions(): readonly PolicyVersion[];
  /** The texts of a version; `undefined` where they are not kept any more. */
  texts(version: PolicyVersion): PolicySource | undefined;
  /** Whether what is in force is what the newest version holds. */
  isLatest(inForce: Pick<InForce, 'texts' | 'words'>): boolean;
  /**
   * Keeps what is in force, as a new version if it is not the newest already. When this returns, every process sees it; of
   * several that keep the same, all get the same version.
   */
  keep(inForce: InForce): PolicyVersion;
  /** The same, beside everything else that the thread does. */
  keepGradually(pace: Pace, inForce: InForce): Promise<PolicyVersion>;
  /** Waits until what was kept survives the loss of power. A grant that is gone does not wait for that. */
  flush(): Promise<void>;
}
