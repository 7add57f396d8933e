import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { fileIdentity } from './file-identity.ts';
import type { PathKind, PathProbe } from '../contracts/gate-config.ts';
import { credentialProblem } from './http-trust.ts';
import { probeSandbox } from './sandbox-probe.ts';

/** Looks at the paths of this machine. What cannot be looked at counts as not there. */
export function createPathProbe(): PathProbe {
  let sandbox: { readonly problem: string | undefined } | undefined;
  return Object.freeze({
    kind: kindOf,
    executable: (path: string) => kindOf(path) === 'file' && permits(path, constants.X_OK),
    readable: (path: string) => permits(path, constants.R_OK),
    writable: (path: string) => permits(path, constants.W_OK),
    identity: fileIdentity,
    credentials: credentialProblem,
    // A sandbox is made to see whether it works: once.
    sandbox: () => (sandbox ??= { problem: probeSandbox() }).problem,
    real(path: string): string | undefined {
      try {
        return realpathSync.native(path);
      } catch {
        return undefined;
      }
    },
  });
}

function kindOf(path: string): PathKind {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (stats.isFile()) return 'file';
    return stats.isDirectory() ? 'directory' : 'other';
  } catch {
    return undefined;
  }
}

function permits(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
