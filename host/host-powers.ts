import type { AuditFiles } from './audit/audit-files.ts';
import type { PathProbe } from './contracts/gate-config.ts';
import type { Clock, Random } from './contracts/powers.ts';
import type { DatabaseInspector } from './gates/db/engine.ts';
import type { VersionFiles } from './policy/store/version-files.ts';
import { createAuditFiles } from './powers/audit-file.ts';
import { createClock } from './powers/clock.ts';
import { ENGINE } from './powers/engine.ts';
import { readEnvironment } from './powers/environment.ts';
import { createPathProbe } from './powers/path-probe.ts';
import { watchDirectory, type WatchDirectory } from './powers/directory-watch.ts';
import { later, type Later } from './powers/later.ts';
import { createRandom } from './powers/random.ts';
import { createVersionFiles } from './powers/version-files.ts';
import { createSqliteInspector } from './powers/sqlite-inspector.ts';
import { createTextFiles, type TextFiles } from './powers/text-file.ts';

/** What the host may use of the machine, outside of cells. */
export interface HostPowers {
  readonly clock: Clock;
  readonly random: Random;
  readonly probe: PathProbe;
  readonly texts: TextFiles;
  readonly auditFiles: AuditFiles;
  readonly versionFiles: VersionFiles;
  readonly watchDirectory: WatchDirectory;
  readonly later: Later;
  readonly inspector: DatabaseInspector;
  /** A variable of the host's own environment that the configuration names. */
  readonly environment: (name: string) => string | undefined;
  /** Name and version of the engine that runs everything: part of the trusted base. */
  readonly engine: string;
}

/** The powers of this machine. */
export function createHostPowers(): HostPowers {
  const random = createRandom();
  return Object.freeze({
    clock: createClock(),
    random,
    probe: createPathProbe(),
    texts: createTextFiles(),
    auditFiles: createAuditFiles(),
    versionFiles: createVersionFiles(random),
    watchDirectory,
    later,
    inspector: createSqliteInspector(),
    environment: readEnvironment,
    engine: ENGINE,
  });
}
