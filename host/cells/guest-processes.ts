import { HostError } from '../contracts/errors.ts';
import { findBubblewrap } from '../powers/sandbox-spares.ts';
import { startCellProcess, type CellProcess, type ProcessLimits } from '../sandbox/cell-process.ts';
import { preparingFence, probeFence, processFence, type Fence, type FenceCheck } from '../sandbox/fence-probe.ts';

/** What is really denied to a fenced process here. */
export interface ProcessFence {
  /** Its path, where the system has it and it works. */
  readonly bubblewrap: string | undefined;
  readonly checks: readonly FenceCheck[];
}

/** Makes processes for guests, behind a fence that was tried. */
export interface GuestProcesses {
  /** A process for one run. Throws `ERR_PLATFORM` where the fence is open and the component is not pinned. */
  start(limits: ProcessLimits, pinned: boolean): Promise<CellProcess>;
  /** Tries the fence and starts a process now, for a run with these limits that is about to come. */
  startAhead(limits: ProcessLimits): void;
  /** Ends what nobody used. */
  close(): Promise<void>;
}

/** Tries both fences of guests: with bubblewrap, and where that does not work here, without. */
export const tryProcessFence = (): Promise<ProcessFence> => tryFence(processFence);

/** The same for the process in which components are prepared. */
export const tryPreparingFence = (): Promise<ProcessFence> => tryFence(preparingFence);

async function tryFence(fence: (bubblewrap: string | undefined) => Fence): Promise<ProcessFence> {
  const bubblewrap = findBubblewrap();
  if (bubblewrap !== undefined) {
    const checks = await probeFence(fence(bubblewrap));
    if (checks.every(({ denied }) => denied)) return { bubblewrap, checks };
  }
  return { bubblewrap: undefined, checks: await probeFence(fence(undefined)) };
}

/** The fence is tried once, when the first guest needs it. */
export function createGuestProcesses(): GuestProcesses {
  let tried: Promise<ProcessFence> | undefined;
  let spare: { readonly limits: ProcessLimits; readonly process: CellProcess } | undefined;
  const installed = findBubblewrap();

  // It knows nothing of any guest yet: it can be started while the fence is tried.
  const startEarly = (limits: ProcessLimits): CellProcess =>
    startCellProcess({ limits, ...(installed === undefined ? {} : { bubblewrap: installed }) });

  /** Of another run's limits, it is of no use to anybody. */
  function takeSpare(limits: ProcessLimits): CellProcess | undefined {
    const ahead = spare;
    spare = undefined;
    if (ahead === undefined || HELD.every((name) => ahead.limits[name] === limits[name])) return ahead?.process;
    void ahead.process.close();
    return undefined;
  }

  return Object.freeze({
    async start(limits: ProcessLimits, pinned: boolean): Promise<CellProcess> {
      tried ??= tryProcessFence();
      const early = takeSpare(limits) ?? startEarly(limits);
      try {
        const { bubblewrap, checks } = await tried;
        if (!pinned) refuseOpen(checks);
        if (bubblewrap === installed) return early;
      } catch (error) {
        await early.close();
        throw error;
      }
      await early.close();
      return startCellProcess({ limits });
    },
    startAhead(limits: ProcessLimits): void {
      tried ??= tryProcessFence();
      tried.catch(() => undefined); // told to the run that waits for it
      try {
        spare ??= { limits, process: startEarly(limits) };
      } catch {
        // the run that needs one tries again, and says why it cannot
      }
    },
    async close(): Promise<void> {
      const ahead = spare;
      spare = undefined;
      await ahead?.process.close();
    },
  });
}

/** What a process has for good when it starts. */
const HELD = ['cpuMs', 'heapBytes', 'stackBytes'] as const satisfies readonly (keyof ProcessLimits)[];

/** What nobody pinned does not run where a fence that it needs is open. */
function refuseOpen(checks: readonly FenceCheck[]): void {
  const open = checks.filter(({ denied, needed }) => needed && !denied);
  if (open.length === 0) return;
  throw new HostError('ERR_PLATFORM', 'the process of an agent is not held here by all that should hold it', {
    hints: [
      ...open.map(({ name, detail }) => `not in force: a process that ${name}: ${detail}`),
      'pin the digest of the component, if you trust it: agents: { NAME: { digest: … } }',
    ],
  });
}
