import type { ProcessLedger } from '../contracts/powers.ts';
import type { ProcessRequest, ProcessResult, ProcessSpawner } from '../gates/tool-exec/process-request.ts';
import { createExecutables } from './executables.ts';
import { createInheritedDescriptors, type InheritedDescriptors } from './inherited-descriptors.ts';
import { startProcessClient, type ProcessClient } from './process-client.ts';
import { createDirectProcesses } from './process-direct.ts';

/** How many calls may be under way at a time; more wait. */
const MOST_CLIENTS = 4;
const SUPPORTED = process.platform === 'linux';

/** The processes of this machine, for one run. */
export function createProcessSpawner(ledger: ProcessLedger): ProcessSpawner {
  const executables = createExecutables();
  const clients: ProcessClient[] = [];
  let inherited: InheritedDescriptors | undefined;
  const inheritedNow = (): InheritedDescriptors => (inherited ??= createInheritedDescriptors());
  const direct = createDirectProcesses(ledger, executables, inheritedNow);
  let closed = false;

  /** One that does nothing now; if there is none, a new one, or the one that has the least to do. */
  function client(): ProcessClient {
    const [best] = [...clients].sort((one, other) => one.load() - other.load());
    return best === undefined || (best.load() > 0 && clients.length < MOST_CLIENTS) ? start() : best;
  }

  function start(): ProcessClient {
    const started = startProcessClient(ledger, inheritedNow());
    clients.push(started);
    return started;
  }

  return Object.freeze({
    identify: (file: string) => executables.identify(file),
    prepare(requests: readonly ProcessRequest[]): void {
      if (closed || requests.length === 0 || !SUPPORTED) return;
      const first = client();
      for (const request of requests) if (request.sandbox !== undefined) first.warm(request);
    },
    async run(request: ProcessRequest): Promise<ProcessResult> {
      if (closed) return { status: 'not-started' };
      const chosen = SUPPORTED ? client() : undefined;
      return chosen !== undefined && (await chosen.works) ? chosen.run(request) : direct.run(request);
    },
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      direct.close();
      await Promise.all(clients.map((each) => each.close()));
      executables.close();
      inherited?.close();
    },
  });
}
