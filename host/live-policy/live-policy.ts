import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MODEL_FILE, TESTS_FILE, type Configuration } from '../configuration/configuration.ts';
import type { PolicyRef } from '../contracts/decision.ts';
import { HostError } from '../contracts/errors.ts';
import type { HostPowers } from '../host-powers.ts';
import { HostClosed, UNSETTLED, withNewestFiles } from './newest-files.ts';
import { createCandidateReader, type CandidateTexts } from './policy-candidate.ts';
import type { PolicyEvent, PolicyReload, PolicyStatus } from './policy-event.ts';
import { watchPolicy } from './policy-watch.ts';
import { packSlice, packSteps, type PackedSlice } from '../policy/packed-slice.ts';
import type { PolicySnapshot } from '../policy/policy-snapshot.ts';
import { finishGradually, type Pace, type Steps } from '../policy/steps.ts';
import type { PolicyStore, RowCounts } from '../policy/store/policy-store.ts';
import { countChanges } from '../policy/store/row-changes.ts';
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
  /** Keeps the version in force, before anything is decided under it. Rejects with `ERR_POLICY_STORE`. */
  keep(): Promise<void>;
  /** Puts in force what the files hold, beside everything else. Never rejects: what cannot be put in force is told. */
  reload(reason?: ReloadReason): Promise<PolicyReload>;
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

const CLOSED = { code: 'ERR_USAGE', message: 'the host is closed', problems: [] } as const;
/** So long a version may be in memory alone: the loss of power may lose it, and nothing else. */
const FLUSH_MS = 500;

/** Makes the policy of one host. Nothing is followed until `watch`. */
export function createLivePolicy({ file, workingDirectory, first, store, powers }: LivePolicyOptions): LivePolicy {
  const listeners = new Set<(event: PolicyEvent) => void>();
  const candidates = createCandidateReader(file, workingDirectory, powers, first);
  const counts = { changes: 0, rejections: 0, notKept: 0 };
  let live = numbered(first, store);
  let stale = false;
  let closed = false;
  let waiting = false;
  /** The reload that comes before the next one. None of them fails. */
  let last: Promise<unknown> = Promise.resolve();
  /** Resolves when the version in force is kept. */
  let keeping: Promise<void> | undefined;
  let told: { readonly restart: string } = { restart: '' };
  let flushing: { cancel(): void } | undefined;
  let watching: { close(): void } | undefined;
  // Runs of one agent share what is made for it; of one generation only.
  let slices = new Map<string, PackedSlice>();
  const feed = createLiveFeed(live.policy.ref.generation, (principals: readonly string[]) =>
    principals.map((principal) => {
      const slice = slices.get(principal) ?? packSlice(live.policy.sliceFor(principal));
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

  function putInForce(next: Configuration, packed: ReadonlyMap<string, PackedSlice> = new Map()): void {
    live = next;
    const { ref } = next.policy;
    slices = new Map([...packed].map(([principal, slice]) => [principal, { ...slice, ref }]));
    feed.publish(ref.generation);
  }

  function keep(): Promise<void> {
    keeping ??= keepFirst().catch((error: unknown) => {
      keeping = undefined;
      throw error;
    });
    return keeping;
  }

  async function keepFirst(): Promise<void> {
    const pace: Pace = {
      clock: powers.clock,
      async pause() {
        await powers.pause();
        if (closed) throw new HostError(CLOSED.code, CLOSED.message);
      },
    };
    const { generation } = await store.keepGradually(pace, inForce(live, { why: 'start' }));
    if (generation !== live.policy.ref.generation)
      putInForce({ ...live, policy: live.policy.withGeneration(generation) });
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
      notKept(live.policy.ref, error);
    }
  }

  function notKept(policy: PolicyRef, error: unknown): void {
    counts.notKept += 1;
    tell({ kind: 'policy.not-kept', policy, message: error instanceof Error ? error.message : String(error) });
  }

  /** The number of a policy that comes into force. A history that cannot be kept is no reason to leave a grant in force. */
  async function numberOf(next: Configuration, reason: ReloadReason, made: Made): Promise<number> {
    try {
      await keep(); // what was in force has a number of its own, even if nothing was decided under it
      const changes = { ...made.rows, since: live.policy.ref.generation };
      const kept = inForce(next, { why: reason.why ?? 'changed', ...reason });
      const { generation } = await store.keepGradually(made.pace, { ...kept, changes });
      if (generation > live.policy.ref.generation) return generation;
    } catch (error) {
      if (!(error instanceof HostError)) throw error; // not wanted any more
      if (closed) throw new HostClosed();
      notKept({ digest: next.policy.ref.digest, generation: live.policy.ref.generation + 1 }, error);
    }
    return live.policy.ref.generation + 1;
  }

  /** What the cells get that are open, made ahead: when the policy changes, nothing is left to do but to hand it over. */
  async function packAhead({ policy }: Configuration, pace: Pace, packed: Map<string, PackedSlice>): Promise<void> {
    for (;;) {
      const missing = feed.topics().flatMap((principals) => principals.filter((principal) => !packed.has(principal)));
      const [principal] = missing;
      if (principal === undefined) return; // cells may have been opened in the pauses
      packed.set(principal, await finishGradually(packedSteps(policy, principal), pace));
    }
  }

  /** Reloads follow each other: what one has put in force is never exchanged for something that was read before it. */
  function reload(reason: ReloadReason = {}): Promise<PolicyReload> {
    const own = last.then(() => reloadNow(reason));
    last = own;
    return own;
  }

  /** For whoever follows the files: a reload that has not begun yet will see what they hold now. */
  function follow(): void {
    if (waiting) return;
    waiting = true;
    last = last.then(async () => {
      waiting = false;
      return reloadNow({});
    });
  }

  async function reloadNow(reason: ReloadReason): Promise<PolicyReload> {
    try {
      const read = () => candidates.read(live);
      const options = { identity, read, pace: powers, isClosed: () => closed };
      const { result, moved } = await withNewestFiles(options, (texts, pace) => exchange(texts, pace, reason));
      if (moved) follow();
      return result;
    } catch (error) {
      return error instanceof HostClosed ? { status: 'rejected', ...CLOSED, policy: live.policy.ref } : reject(error);
    }
  }

  /** Makes a candidate and puts it in force. Behind the last pause, when its number is given, there is no way back. */
  async function exchange(texts: CandidateTexts, pace: Pace, reason: ReloadReason): Promise<PolicyReload> {
    const { configuration: next, restart } = await finishGradually(candidates.steps(texts, live), pace);
    if (isSame(live, next)) {
      settle(texts, restart);
      // Comments and lines may have moved: messages name them.
      live = { ...next, policy: next.policy.withGeneration(live.policy.ref.generation) };
      return { status: 'unchanged', policy: live.policy.ref };
    }
    const rows = await finishGradually(countChanges(live.policy, next.policy), pace);
    const packed = new Map<string, PackedSlice>();
    await packAhead(next, pace, packed);
    const generation = await numberOf(next, reason, { pace, rows });
    const previous = live.policy.ref;
    const policy = next.policy.withGeneration(generation);
    keeping = Promise.resolve();
    putInForce({ ...next, policy }, packed);
    flushLater();
    settle(texts, restart);
    counts.changes += 1;
    const { added, removed } = rows;
    tell({ kind: 'policy.changed', policy: policy.ref, previous, added, removed });
    return { status: 'changed', policy: policy.ref };
  }

  function settle(texts: CandidateTexts, restart: readonly string[]): void {
    candidates.accept(texts);
    tellRestart(restart);
    stale = false;
  }

  function tellRestart(sections: readonly string[]): void {
    const restart = sections.join();
    if (restart !== told.restart && sections.length > 0) tell({ kind: 'configuration.restart-needed', sections });
    told = { restart };
  }

  function reject(error: unknown): PolicyReload {
    stale = true;
    counts.rejections += 1;
    const { ref: policy } = live.policy;
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
        changed: follow,
        unsettled: () => reject(new HostError('ERR_POLICY_READ', UNSETTLED)),
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
      closed = true;
      watching?.close();
      await last; // ends at its next pause
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

/** What was made on the way to a policy that comes into force. */
interface Made {
  readonly pace: Pace;
  readonly rows: RowCounts;
}

function* packedSteps(policy: PolicySnapshot, principal: string): Steps<PackedSlice> {
  return yield* packSteps(yield* policy.sliceSteps(principal));
}

/** Whether two policies decide alike. */
const isSame = ({ policy: one }: Configuration, { policy: other }: Configuration): boolean =>
  one.ref.digest === other.ref.digest && isDeepStrictEqual(one.words, other.words);
