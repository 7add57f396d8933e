import type { AuditFiles } from './audit/audit-files.ts';
import type { ApprovalTable, ProcessIdentity } from './approval/approval-table.ts';
import { createCounterReading, type CounterReading } from './budget/counter-reading.ts';
import type { PathProbe } from './contracts/gate-config.ts';
import type { Clock, Random } from './contracts/powers.ts';
import type { DatabaseInspector } from './gates/db/engine.ts';
import type { SecretPowers } from './secrets/reading.ts';
import { openApprovalTable } from './powers/approval-database.ts';
import { lookAtCounters } from './powers/counter-file.ts';
import { createMachineClock, createOwners } from './powers/machine.ts';
import type { VersionFiles } from './policy/store/version-files.ts';
import { createAuditFiles } from './powers/audit-file.ts';
import { createClock } from './powers/clock.ts';
import { ENGINE } from './powers/engine.ts';
import { readEnvironment } from './powers/environment.ts';
import { createPathProbe } from './powers/path-probe.ts';
import { createProcessIdentity } from './powers/process-identity.ts';
import { sleep } from './powers/sleep.ts';
import { watchDirectory, type WatchDirectory } from './powers/directory-watch.ts';
import { later, type Later } from './powers/later.ts';
import { pause } from './powers/pause.ts';
import { createRandom } from './powers/random.ts';
import { createVersionFiles } from './powers/version-files.ts';
import { createSqliteInspector } from './powers/sqlite-inspector.ts';
import { createSecretPowers } from './powers/secret-source.ts';
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
  /** Lets everything that waits on this thread have its turn. */
  readonly pause: () => Promise<void>;
  readonly inspector: DatabaseInspector;
  /** Opens the questions to people that are kept in a state directory. */
  readonly approvals: (directory: string) => ApprovalTable;
  /** Looks at the counters of budgets that are kept in a state directory. */
  readonly counters: (directory: string) => CounterReading;
  readonly processes: ProcessIdentity;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A variable of the host's own environment that the configuration names. */
  readonly environment: (name: string) => string | undefined;
  /** Reads the values of secrets. */
  readonly secrets: SecretPowers;
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
    pause,
    inspector: createSqliteInspector(),
    approvals: openApprovalTable,
    counters: (directory: string) =>
      createCounterReading({
        look: lookAtCounters(directory),
        clock: createMachineClock(),
        owners: createOwners(),
      }),
    processes: createProcessIdentity(),
    sleep,
    environment: readEnvironment,
    secrets: createSecretPowers(),
    engine: ENGINE,
  });
}
