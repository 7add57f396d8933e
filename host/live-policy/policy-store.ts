import { join } from 'node:path';
import type { HostPowers } from '../host-powers.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { createFileStore } from '../policy/store/file-store.ts';
import type { PolicyStore } from '../policy/store/policy-store.ts';

/** Where the versions of a configuration's policy are kept: in files below its state directory. */
export const policyStoreOf = (
  { state }: Pick<Manifest, 'state'>,
  { versionFiles, clock }: Pick<HostPowers, 'versionFiles' | 'clock'>,
): PolicyStore => createFileStore({ directory: join(state.directory, 'policy'), files: versionFiles, clock });
