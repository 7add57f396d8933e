import type { Configuration } from '../configuration/configuration.ts';
import type { RunLimits } from '../contracts/limits.ts';
import { findBubblewrap } from '../powers/sandbox-spares.ts';
import type { Artefact } from '../sandbox/artefact.ts';
import { createArtefactMemo } from '../sandbox/artefact-memo.ts';
import { createComponentMemo, type KnownComponent } from '../sandbox/component-memo.ts';
import { startsInNamespaces } from '../sandbox/fence-probe.ts';
import { prepareComponent } from '../sandbox/prepare.ts';
import { SERVED } from '../configuration/settings.ts';
import { REFUSED_INTERFACES } from '../wasi/refused.ts';

/** How the components of one host become what can run. */
export interface Preparation {
  /** Reads a component file. Throws `ERR_COMPONENT_*`. */
  read(path: string): Promise<KnownComponent>;
  /** Prepares it, or takes it from the cache. Throws `HostError`. */
  artefact(component: KnownComponent, options: PreparationOptions): Promise<Artefact>;
}

export interface PreparationOptions {
  readonly configuration: Configuration;
  /** Those of the run that are written into what is prepared. */
  readonly limits: Pick<RunLimits, 'memoryBytes' | 'tableEntries' | 'fuel'>;
  readonly signal?: AbortSignal;
}

const MOST_COMPONENT_BYTES = 64 << 20;

export function createPreparation(): Preparation {
  const components = createComponentMemo(MOST_COMPONENT_BYTES);
  const artefacts = createArtefactMemo();
  let tried: Promise<string | undefined> | undefined;
  return Object.freeze({
    read: (path: string) => components.read(path),
    artefact: (component: KnownComponent, { configuration, limits, signal }: PreparationOptions) =>
      artefacts.get(
        `${component.digest} ${limits.memoryBytes} ${limits.tableEntries} ${limits.fuel !== undefined}`,
        async () =>
          prepareComponent({
            source: await component.bytes(),
            cacheDirectory: configuration.manifest.cache.directory,
            cacheBytes: configuration.manifest.cache.maxBytes,
            served: SERVED,
            refused: REFUSED_INTERFACES,
            limits: { memoryBytes: limits.memoryBytes, tableEntries: limits.tableEntries },
            fuel: limits.fuel !== undefined,
            bubblewrap: () => (tried ??= workingBubblewrap()),
            ...(signal === undefined ? {} : { signal }),
          }),
      ),
  });
}

async function workingBubblewrap(): Promise<string | undefined> {
  const bubblewrap = findBubblewrap();
  return bubblewrap !== undefined && (await startsInNamespaces(bubblewrap)) ? bubblewrap : undefined;
}
