import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MODEL_FILE, TESTS_FILE, type Configuration } from '../configuration/configuration.ts';
import type { PolicyRef } from '../contracts/decision.ts';
import { HostError } from '../contracts/errors.ts';
import type { HostPowers } from '../host-powers.ts';
import { createCandidateReader, type PolicyCandidate } from './policy-candidate.ts';
import type { PolicyEvent, PolicyReload, PolicyStatus } from './policy-event.ts';
import { watchPolicy } from './policy-watch.ts';
import type { PolicySlice } from '../policy/policy-snapshot.ts';
import type { PolicyStore } from '../policy/store/policy-store.ts';
import { changesBetween, rowsOf } from '../policy/store/row-changes.ts';
import { createLiveFeed, type FeedSubscription } from '../sandbox/live-feed.ts';

/** Who asks for a reload, and why: for the history. */
export interface ReloadReason {
  readonly by?: string;
  readonly why?: string;
}

/** The policy of a host: what is in force, and how it is exchanged. */
export interface LivePolicy {
  /** What is in force now. Whoever needs more than one thing of it reads it once. */
  current(): Configuration;
  /** For a cell: the rules of these principals, now and whenever they change. */
  subscribe(principals: readonly string[]): FeedSubscription;
  /** Keeps the version in force, before anything is decided under it. Throws `ERR_POLICY_STORE`. */
  keep(): void;
  /** Puts in force what the files hold. Never throws: what cannot be put in force is told. */
  reload(reason?: ReloadReason): PolicyReload;
  /** Follows the files from now on. */
  watch(): void;
  status(): PolicyStatus;
  /** Returns what ends the listening. */
  listen(listener: (event: PolicyEvent) => void): () => void;
  close(): Promise<void>;
}

export interface LivePolicyOptions {
  /** The configuration file as it was named. */
  readonly file: string;
  readonly workingDirectory: string;
  readonly first: Configuration;
  readonly store: PolicyStore;
  readonly powers: HostPowers;
}

const UNSETTLED = 'the files of the policy do not come to rest';
const MOST_ATTEMPTS = 5;
/** So long a version may be in memory alone: the loss of power may lose it, and nothing else. */
const FLUSH_MS = 500;

/** Makes the policy of one host. Nothing is followed until `watch`. */
export function createLivePolicy({ file, workingDirectory, first, store, powers }: LivePolicyOptions): LivePolicy {
  const listeners = new Set<(event: PolicyEvent) => void>();
  const candidates = createCandidateReader(file, workingDirectory, powers, first);
  const counts = { changes: 0, rejections: 0, notKept: 0 };
  let live = numbered(first, store);
  let kept = false;
  let stale = false;
  let told: { readonly restart: string } = { restart: '' };
  let flushing: { cancel(): void } | undefined;
  let watching: { close(): void } | undefined;
  // Runs of one agent share what is made for it; of one generation only.
  let slices = new Map<string, PolicySlice>();
  const feed = createLiveFeed(live.policy.ref.generation, (principals: readonly string[]) =>
    principals.map((principal) => {
      const slice = slices.get(principal) ?? live.policy.sliceFor(principal);
      slices.set(principal, slice);
      return slice;
    }),
  );

  function tell(event: PolicyEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch {
        // an observer that fails must not keep a policy from coming into force
      }
    }
  }

  function putInForce(next: Configuration): void {
    live = next;
    slices = new Map();
    feed.publish(next.policy.ref.generation);
  }

  function keep(): void {
    if (kept) return;
    const { generation } = store.keep(inForce(live, { why: 'start' }));
    if (generation !== live.policy.ref.generation)
      putInForce({ ...live, policy: live.policy.withGeneration(generation) });
    kept = true;
    flushLater();
  }

  /** A grant that is gone does not wait for a disk, and a disk not for each of many policies. */
  function flushLater(): void {
    flushing ??= powers.later(FLUSH_MS, () => {
      flushing = undefined;
      void flush();
    });
  }

  async function flush(): Promise<void> {
    try {
      await store.flush();
    } catch (error) {
      counts.notKept += 1;
      tell({ kind: 'policy.not-kept', policy: live.policy.ref, message: String(error) });
    }
  }

  /** The number of a policy that comes into force. A history that cannot be kept is no reason to leave a grant in force. */
  function numberOf(next: Configuration, reason: ReloadReason): number {
    try {
      keep(); // what was in force has a number of its own, even if nothing was decided under it
      const { generation } = store.keep(inForce(next, { why: reason.why ?? 'changed', ...reason }));
      if (generation > live.policy.ref.generation) return generation;
    } catch (error) {
      counts.notKept += 1;
      const { digest } = next.policy.ref;
      const policy = { digest, generation: live.policy.ref.generation + 1 };
      tell({ kind: 'policy.not-kept', policy, message: error instanceof Error ? error.message : String(error) });
    }
    return live.policy.ref.generation + 1;
  }

  function reload(reason: ReloadReason = {}): PolicyReload {
    const previous = live;
    const { ref } = previous.policy;
    const read = readAtRest();
    if (read instanceof Error) return reject(ref, read);
    const { configuration: next, restart } = read;
    tellRestart(restart);
    stale = false;
    if (isSame(previous, next)) {
      // Comments and lines may have moved: messages name them.
      live = next;
      return { status: 'unchanged', policy: ref };
    }
    const generation = numberOf(next, reason);
    const policy = next.policy.withGeneration(generation);
    kept = true;
    putInForce({ ...next, policy });
    flushLater();
    counts.changes += 1;
    const { added, removed } = changesBetween(rowsOf(previous.texts), rowsOf(next.texts));
    const rows = { added: added.length, removed: removed.length };
    tell({ kind: 'policy.changed', policy: policy.ref, previous: ref, ...rows });
    return { status: 'changed', policy: policy.ref };
  }

  /** What the files hold. They must be the same before and after they are read: one may be written in between. */
  function readAtRest(): PolicyCandidate | Error {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const before = identity();
      let read: PolicyCandidate | Error;
      try {
        read = candidates.read(live, live.policy.ref.generation);
      } catch (error) {
        read = error instanceof Error ? error : new Error(String(error));
      }
      if (identity() === before) return read;
    }
    return new HostError('ERR_POLICY_READ', UNSETTLED);
  }

  function tellRestart(sections: readonly string[]): void {
    const restart = sections.join();
    if (restart !== told.restart && sections.length > 0) tell({ kind: 'configuration.restart-needed', sections });
    told = { restart };
  }

  function reject(policy: PolicyRef, error: unknown): PolicyReload {
    stale = true;
    counts.rejections += 1;
    const { code, message, hints } =
      error instanceof HostError ? error : new HostError('ERR_INTERNAL', String(error), { cause: error });
    const rejection = { policy, code, message, problems: hints };
    tell({ kind: 'policy.rejected', ...rejection });
    return { status: 'rejected', ...rejection };
  }

  const files = (): readonly string[] => {
    const { policy, file: manifest } = live.manifest;
    return [policy.rules, join(policy.directory, MODEL_FILE), join(policy.directory, TESTS_FILE), manifest];
  };
  const identity = (): string =>
    files()
      .map((path) => powers.probe.identity?.(path) ?? '-')
      .join();

  return Object.freeze({
    current: () => live,
    subscribe: (principals: readonly string[]) => feed.subscribe(principals),
    keep,
    reload,
    watch(): void {
      watching ??= watchPolicy({
        identity,
        directories: () =>
          files().flatMap((path) => {
            const real = powers.probe.real(path);
            // The directory of a directory tells when that is exchanged.
            return [dirname(path), dirname(dirname(path)), ...(real === undefined ? [] : [dirname(real)])];
          }),
        changed: () => void reload(),
        unsettled: () => reject(live.policy.ref, new HostError('ERR_POLICY_READ', UNSETTLED)),
        watch: powers.watchDirectory,
        later: powers.later,
      });
    },
    status: () => ({ policy: live.policy.ref, ...counts, stale }),
    listen(listener: (event: PolicyEvent) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close(): Promise<void> {
      watching?.close();
      feed.close();
      flushing?.cancel();
      if (flushing !== undefined) await flush();
      listeners.clear();
    },
  });
}

/** The number that a policy has had before, where it is the newest of the store; else the next. */
function numbered(configuration: Configuration, store: PolicyStore): Configuration {
  const { policy, texts } = configuration;
  const last = store.lastGeneration();
  if (last === 0) return configuration;
  const generation = store.isLatest({ texts, words: policy.words }) ? store.latest()?.generation : last + 1;
  return { ...configuration, policy: policy.withGeneration(generation ?? last + 1) };
}

const inForce = ({ policy, texts }: Configuration, reason: ReloadReason & { readonly why: string }) => ({
  digest: policy.ref.digest,
  texts,
  words: policy.words,
  ...reason,
});

/** Whether two policies decide alike. */
const isSame = ({ policy: one }: Configuration, { policy: other }: Configuration): boolean =>
  one.ref.digest === other.ref.digest && isDeepStrictEqual(one.words, other.words);
