import { ENGINE } from './powers/engine.ts';
import { createSystemFacts } from './powers/system-facts.ts';
import { probeFence } from './sandbox/fence-probe.ts';

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

/** Tries the fences of this machine. */
export async function probePlatform(): Promise<PlatformReport> {
  const facts = createSystemFacts();
  const fence = await probeFence();
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
          : 'node:ffi is switched off',
      },
      {
        name: 'mounts without races',
        holds: facts.descriptorWalk,
        detail: facts.descriptorWalk
          ? 'each step is opened below the one before (/proc/self/fd)'
          : 'no /proc: mounts are refused',
      },
      ...fence.map(({ name, denied, detail }) => ({ name: `preparing process: ${name}`, holds: denied, detail })),
      {
        name: 'thread cell',
        holds: true,
        detail:
          'one worker for one run; shares the process with the host: pin the digests of components that you trust least',
      },
    ],
  };
}
