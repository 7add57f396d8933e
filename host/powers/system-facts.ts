import { arch, platform, release } from 'node:os';

/** Facts about this machine that guarantees rest on. */
export interface SystemFacts {
  readonly system: string;
  readonly jspi: boolean;
  readonly foreignCalls: boolean;
}

/** Looks at this process and this machine. */
export function createSystemFacts(): SystemFacts {
  return Object.freeze({
    system: `${platform()} ${release()} ${arch()}`,
    jspi: 'Suspending' in WebAssembly,
    // The type says that every module is there; one that is switched off is not.
    foreignCalls: (process.getBuiltinModule('node:ffi') as unknown) !== undefined,
  });
}
