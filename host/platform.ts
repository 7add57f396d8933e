import { DEFAULT_LIMITS } from './contracts/limits.ts';
import { once } from 'node:events';
import { ENGINE } from './powers/engine.ts';
import type { PathResolution } from './powers/path-resolution.ts';
import { probeSandbox } from './powers/sandbox-probe.ts';
import { createSystemFacts } from './powers/system-facts.ts';
import { tryPreparingFence, tryProcessFence, type ProcessFence } from './cells/guest-processes.ts';
import { startWorker } from './sandbox/warm-cell.ts';

/** One guarantee, and whether this machine gives it. */
export interface PlatformCheck {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** What is really in force here. Everything is tried, nothing assumed. */
export interface PlatformReport {
  readonly engine: string;
  readonly system: string;
  readonly checks: readonly PlatformCheck[];
}

const RESOLUTIONS: Readonly<Record<PathResolution, string>> = {
  openat2: 'openat2 opens names beneath the mount in one call; what it refuses is walked to',
  walk: 'each step is opened below the one before (/proc/self/fd); openat2 is not there',
  none: 'no Linux with /proc, and without it names can be exchanged between check and use: mounts are refused',
};
const RESOLUTION_PROBE = new URL(
  import.meta.url.endsWith('.ts') ? './powers/path-resolution-probe.ts' : './powers/path-resolution-probe.js',
  import.meta.url,
);

/** How cells reach files. */
async function probePathResolution(): Promise<PathResolution> {
  const worker = startWorker({ entry: RESOLUTION_PROBE }, DEFAULT_LIMITS);
  try {
    const [answer] = (await once(worker, 'message')) as [PathResolution]; // the probe posts nothing else
    return answer;
  } catch {
    return 'none';
  } finally {
    await worker.terminate();
  }
}

const rowsOf = (what: string, { bubblewrap, checks }: ProcessFence): PlatformCheck[] => [
  {
    name: `${what}: namespaces of its own`,
    holds: bubblewrap !== undefined,
    detail: bubblewrap === undefined ? 'bubblewrap is not there, or does not work' : 'bubblewrap makes them',
  },
  ...checks.map(({ name, denied, detail }) => ({ name: `${what}: ${name}`, holds: denied, detail })),
];

/** Tries the fences of this machine. */
export async function probePlatform(): Promise<PlatformReport> {
  const facts = createSystemFacts();
  const [preparing, cell] = [await tryPreparingFence(), await tryProcessFence()];
  const sandbox = probeSandbox();
  const resolution = await probePathResolution();
  return {
    engine: ENGINE,
    system: facts.system,
    checks: [
      {
        name: 'gates may wait (JSPI)',
        holds: facts.jspi,
        detail: facts.jspi ? 'WebAssembly.Suspending is there' : 'use the engine that comes with the package',
      },
      {
        name: 'no foreign calls in the host',
        holds: !facts.foreignCalls,
        detail: facts.foreignCalls
          ? 'start with --no-experimental-ffi, as the sallyport command does'
          : 'node:ffi is switched off; cells, which have flags of their own, use it for openat2',
      },
      {
        name: 'mounts without races',
        holds: resolution !== 'none',
        detail: RESOLUTIONS[resolution],
      },
      {
        name: 'sandboxes for tools',
        holds: sandbox === undefined,
        detail: sandbox ?? 'bubblewrap makes one for each call',
      },
      ...rowsOf('preparing process', preparing),
      ...rowsOf('process cell', cell),
      {
        name: 'thread cell',
        holds: true,
        detail:
          'one worker for one run; shares the process with the host: pin the digests of components that you trust least',
      },
    ],
  };
}
