import { createHash, hash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../contracts/powers.ts';
import { HostError } from '../../contracts/errors.ts';
import type { PolicySource } from '../policy-snapshot.ts';
import { finish, finishGradually, type Pace, type Steps } from '../steps.ts';
import type { InForce, PolicyStore, PolicyVersion, RowCounts } from './policy-store.ts';
import { changesBetween, readRows } from './row-changes.ts';
import { parseTexts, parseVersion, textsJson, textsSteps, versionJson } from './version-form.ts';
import type { VersionFiles } from './version-files.ts';

export interface FileStoreOptions {
  /** A directory of the store's own. It is made when there is something to keep. */
  readonly directory: string;
  readonly files: VersionFiles;
  readonly clock: Clock;
}

/** So many versions are kept, the newest always; older ones make way. */
const MOST_VERSIONS = 200;
/** And so many bytes of texts. */
const MOST_BYTES = 512 << 20;
const MOST_VERSION_BYTES = 65_536;
/** Of one policy with its model, as JSON. */
const MOST_TEXT_BYTES = 600 << 20;
/** Looking at them all takes longer than keeping one: that is done now and then. */
const PRUNED_EVERY = 20;
/** What nobody names yet may be somebody's who is about to name it. */
const STALE_MS = 10 * 60 * 1000;
/** Others may keep versions at the same time: each attempt that fails is one that succeeded elsewhere. */
const MOST_ATTEMPTS = 1000;

const NAME = /^(\d{10})\.json$/;
const nameOf = (generation: number): string => `${String(generation).padStart(10, '0')}.json`;

/**
 * Keeps versions in files: `versions/GENERATION.json` says what a version is, `texts/SHA256.json` holds its texts. Each is
 * written whole or not at all, and a generation belongs to whoever makes its file: no lock can be left behind.
 */
export function createFileStore({ directory, files, clock }: FileStoreOptions): PolicyStore {
  const versionsIn = join(directory, 'versions');
  const textsIn = join(directory, 'texts');
  const pathOf = (generation: number): string => join(versionsIn, nameOf(generation));
  /** Of the newest version: an older one that is lost is one that was to make way. */
  let unflushed: readonly string[] = [];
  let flushing: Promise<void> | undefined;
  const textPath = (source: string): string => join(textsIn, `${source.replace('sha256:', '')}.json`);

  const generations = (): readonly number[] =>
    files.list(versionsIn).flatMap((name) => {
      const [, digits] = NAME.exec(name) ?? [];
      return digits === undefined ? [] : [Number(digits)];
    });

  /** A version that cannot be read is passed over, and its number stays taken. */
  function read(generation: number): PolicyVersion | undefined {
    const bytes = files.read(pathOf(generation), MOST_VERSION_BYTES);
    const version = bytes && parseVersion(bytes);
    return version?.generation === generation ? version : undefined;
  }

  function latest(): PolicyVersion | undefined {
    for (const generation of generations().toReversed()) {
      const version = read(generation);
      if (version !== undefined) return version;
    }
    return undefined;
  }

  function texts({ source }: PolicyVersion): PolicySource | undefined {
    const bytes = files.read(textPath(source), MOST_TEXT_BYTES);
    // What was changed since is not what was in force.
    return bytes === undefined || digestOf(bytes) !== source ? undefined : parseTexts(bytes);
  }

  function* keepSteps(inForce: InForce): Steps<PolicyVersion> {
    const bytes = yield* textsSteps(inForce.texts, inForce.words);
    const source = yield* digestSteps(bytes);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const before = latest();
      if (before?.source === source) return before;
      const { rules, added, removed } = yield* changesSince(before, inForce);
      files.write(textPath(source), bytes);
      yield;
      if (latest()?.generation !== before?.generation) continue; // another one came in between
      const version: PolicyVersion = {
        generation: lastGeneration() + 1,
        digest: inForce.digest,
        source,
        time: new Date(clock.nowMs()).toISOString(),
        ...(inForce.by === undefined ? {} : { by: inForce.by }),
        why: inForce.why,
        ...{ rules, added, removed },
      };
      if (!files.create(pathOf(version.generation), versionJson(version))) continue;
      unflushed = [textPath(source), pathOf(version.generation)];
      if (version.generation % PRUNED_EVERY === 0) prune();
      return version;
    }
    throw new Error('too many others keep versions at the same time');
  }

  /** What a policy has that a version has not. Its texts are read again only where somebody else has kept it. */
  function* changesSince(before: PolicyVersion | undefined, { texts: now, changes }: InForce): Steps<RowCounts> {
    if (before !== undefined && before.generation === changes?.since) return changes;
    const rows = yield* readRows(now);
    const old = yield* readRows((before && texts(before)) ?? { policy: { text: '' } });
    const { added, removed } = changesBetween(old, rows);
    return { rules: rows.rules.size, added: added.length, removed: removed.length };
  }

  /** Removes the oldest versions beyond the bounds, and texts that no version names. */
  function prune(): void {
    const kept = new Set<string>();
    let bytes = 0;
    for (const [index, generation] of generations().toReversed().entries()) {
      const version = read(generation);
      const path = version && textPath(version.source);
      if (path !== undefined && !kept.has(path)) bytes += files.size(path) ?? 0;
      if (index > 0 && (index >= MOST_VERSIONS || bytes > MOST_BYTES)) files.remove(pathOf(generation));
      else if (path !== undefined) kept.add(path);
    }
    for (const name of files.list(textsIn)) {
      const path = join(textsIn, name);
      if (!kept.has(path) && (files.ageMs(path) ?? 0) > STALE_MS) files.remove(path);
    }
  }

  /** Waits for the disk, one time after the other: it serves nobody else meanwhile. */
  async function flushAll(): Promise<void> {
    try {
      while (unflushed.length > 0) {
        const paths = unflushed;
        unflushed = [];
        await files.flush(paths);
      }
    } finally {
      flushing = undefined;
    }
  }

  const lastGeneration = (): number => generations().at(-1) ?? 0;

  function refuse(cause: unknown): never {
    if (cause instanceof HostError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the versions of the policy in \`${directory}\` cannot be kept: ${reason}`;
    throw new HostError('ERR_POLICY_STORE', message, { cause });
  }

  function guarded<Value>(act: () => Value): Value {
    try {
      return act();
    } catch (cause) {
      return refuse(cause);
    }
  }

  function* guardedSteps(inForce: InForce): Steps<PolicyVersion> {
    try {
      return yield* keepSteps(inForce);
    } catch (cause) {
      return refuse(cause);
    }
  }

  return Object.freeze({
    latest: () => guarded(latest),
    lastGeneration: () => guarded(lastGeneration),
    versions: () => guarded(() => generations().flatMap((generation) => read(generation) ?? [])),
    texts: (version: PolicyVersion) => guarded(() => texts(version)),
    isLatest: ({ texts: given, words }: Pick<InForce, 'texts' | 'words'>) =>
      guarded(() => latest()?.source === digestOf(textsJson(given, words))),
    keep: (inForce: InForce) => finish(guardedSteps(inForce)),
    keepGradually: (pace: Pace, inForce: InForce) => finishGradually(guardedSteps(inForce), pace),
    flush: () => (flushing ??= flushAll()),
  });
}

const BYTES_OF_A_STEP = 1 << 20;

function* digestSteps(bytes: Uint8Array): Steps<string> {
  const digest = createHash('sha256');
  for (let at = 0; at < bytes.length; at += BYTES_OF_A_STEP) {
    digest.update(bytes.subarray(at, at + BYTES_OF_A_STEP));
    yield;
  }
  return `sha256:${digest.digest('hex')}`;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${hash('sha256', bytes, 'hex')}`;
