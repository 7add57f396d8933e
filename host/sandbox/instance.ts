import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HostImports } from '../contracts/guest-import.ts';
import type { RunLimits } from '../contracts/limits.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import { GLUE_FILE, MODULE_FILE, type Artefact, type ArtefactModule } from './artefact.ts';
import { createCoreInstances, type CoreInstances } from './core-instances.ts';
import { classifyError } from './guest-error.ts';
import { createFuelTank, type FuelTank, type FuelTurns } from './fuel-tank.ts';
import { guestStackOf, keepStacks, withStack } from './guest-stack.ts';
import { createGuestValues, type GuestValues } from './guest-values.ts';
import { createHostCalls, type HostCallOptions, type HostCalls } from './host-call.ts';
import { createGuards, createImportObject, type Crossing, type ImportObject } from './import-object.ts';
import { PAGE_BYTES } from './memory-plan.ts';
import type { Meter } from './meter.ts';
import { createLowering, type LowerImport } from './lowered-import.ts';
import { createMeasuring, type MeasureImport } from './measured-import.ts';
import type { StartModule } from './module-start.ts';
import { callEntry } from './program-entry.ts';
import { createStopwatch } from './stopwatch.ts';
import { createRunEnding, type RunEnding } from './run-ending.ts';

/** Compiled core modules by file name. */
export type ModuleMap = ReadonlyMap<string, WebAssembly.Module>;

export interface InstanceOptions {
  readonly artefact: Artefact;
  readonly modules: ModuleMap | Promise<ModuleMap>;
  readonly imports: HostImports;
  readonly limits: RunLimits;
  readonly meter: Meter;
  /** Where other runs live on the thread as well, its CPU time and its buffers say nothing of this one. */
  readonly thread?: 'own' | 'shared';
  /** Counts the instructions of an artefact that has them counted; made of the limit `fuel` where absent. */
  readonly tank?: FuelTank;
  /** How a program that is a core module is started; loaded when it is needed, where absent. */
  readonly startModule?: StartModule;
  /** Ends the run from outside; the reason is the `GuestEnd`. */
  readonly stop?: AbortSignal;
  /** Told how the run goes: `ending` when something ends it while the guest may still hold the thread; `ended` once. */
  readonly notify?: (phase: EndPhase, end: GuestEnd) => void;
}

/** Instructions between two looks at whether a guest on a shared thread may go on: a millisecond or so. */
const TURN = 1_000_000;

/** Interfaces whose resources guests give to the host. Their gates bound what is held of each kind. */
const GIVEN_AWAY = 'wasi:http/';

export type EndPhase = 'ending' | 'ended';

/** An instance of a component, or what became of the attempt to make one. */
export interface OpenInstance {
  /** When there is nothing left to do before the run. False where it can serve none. */
  readonly made: Promise<boolean>;
  /** The one call of `run`. Never rejects; when it resolves, the guest reaches nothing any more. */
  run(input: string): Promise<GuestEnd>;
}

/** The generated code of a component. */
interface Glue {
  readonly instantiate: (
    getCoreModule: (name: string) => WebAssembly.Module,
    imports: ImportObject,
    instantiateCore: CoreInstances['instantiate'] & {
      readonly lower: LowerImport;
      readonly measure: MeasureImport;
    },
  ) => unknown;
}

/** Loads the generated code. Doing it early saves time: the glue does nothing until it is called. */
export async function loadGlue(artefact: Artefact): Promise<Glue> {
  const glue: unknown = await import(pathToFileURL(join(artefact.directory, GLUE_FILE)).href);
  if (!isGlue(glue)) throw new Error('the generated code does not export `instantiate`');
  return glue;
}

/** One instance, one call of its entry. Never rejects; when it resolves, the guest reaches nothing any more. */
export const runInstance = (options: InstanceOptions & { readonly input: string }): Promise<GuestEnd> =>
  openInstance(options, 'for a run').run(options.input);

/**
 * Makes an instance. One that is made `ahead` of its run may not call the host before: if it tries, it is thrown away,
 * and another one is made when the run is there.
 */
export function openInstance(options: InstanceOptions, when: 'ahead' | 'for a run'): OpenInstance {
  const { limits, meter, stop, notify } = options;
  const budget = { pages: Math.floor(limits.memoryBytes / PAGE_BYTES), tableEntries: limits.tableEntries };
  const noteFuel = (): void => {
    if (tank !== undefined) meter.noteFuel(tank.used());
  };
  const ending = createRunEnding((end) => {
    noteFuel();
    notify?.('ending', end);
  });
  stop?.addEventListener('abort', () => ending.end(stop.reason as GuestEnd), { once: true }); // see `InstanceOptions.stop`

  let cores: CoreInstances | undefined;
  const sampleMemory = (): void => meter.notePages(cores?.pages() ?? 0);
  const stopwatch = options.thread === 'shared' ? createStopwatch(meter) : undefined;
  /** A guest that spins on a thread of many makes no call in which its end could meet it: it is asked between two turns. */
  const goOn = (): boolean => {
    stopwatch?.lap();
    sampleMemory();
    return ending.ended() === undefined && !meter.isStopped();
  };
  const turns = stopwatch === undefined ? undefined : { instructions: TURN, goOn };
  let tank = tankOf(options, turns);
  const classify = (error: unknown): GuestEnd =>
    tank?.isEmpty() === true
      ? withStack(fuelEnd(limits), error instanceof Error ? guestStackOf(error).frames : [])
      : classifyError(error, {
          pages: cores?.pages() ?? 0,
          budgetPages: budget.pages,
          ...(cores === undefined ? {} : { tables: { ...cores.tables(), budget: budget.tableEntries } }),
        });

  async function make(isEarly: () => boolean): Promise<Runnable> {
    const { artefact } = options;
    const { program } = artefact;
    const [glue, modules] = await Promise.all([program === 'module' ? undefined : loadGlue(artefact), options.modules]);
    if (cores !== undefined) tank = tankOf(options, turns); // made again: what the first attempt used is not counted
    cores = createCoreInstances(moduleFacts(artefact, modules), budget, { tank, stopwatch });
    keepStacks();
    const { imports, lower, measure, calls } = crossingOf(options, ending, {
      sampleMemory,
      classify,
      isEarly,
      stopwatch,
    });
    if (program === 'module' || glue === undefined) {
      const startModule = options.startModule ?? (await import('./module-start.ts')).startModule; // no agent needs it
      return startModule({ module: moduleNamed(modules, MODULE_FILE), cores, imports: options.imports, calls });
    }
    const instantiateCore = Object.assign(cores.instantiate, { lower, measure });
    const instance = await glue.instantiate((name) => moduleNamed(modules, name), imports, instantiateCore);
    return (input) => callEntry(program, instance, input, limits);
  }

  let early = when === 'ahead';
  let asked = false;
  const ahead = early ? make(() => early && (asked = true)) : undefined;
  ahead?.catch(() => undefined); // what it says is said when the run is there

  async function run(input: string): Promise<GuestEnd> {
    if (stop?.aborted === true) return stop.reason as GuestEnd; // see `InstanceOptions.stop`
    await ahead?.catch(() => undefined);
    early = false;
    meter.noteStart(stopwatch === undefined ? threadCpuMs() : 0);
    const call = async (): Promise<GuestEnd> => {
      const start = await (ahead === undefined || asked ? make(() => false) : ahead);
      sampleMemory();
      stopwatch?.resume();
      try {
        return await start(input);
      } finally {
        stopwatch?.pause();
      }
    };
    const end = ending.close(await Promise.race([ending.whenEnded, call().catch(classify)]));
    sampleMemory();
    noteFuel();
    notify?.('ended', end);
    return end;
  }

  const there = (): boolean => true; // what went wrong is said when the run is there
  return { made: ahead?.then(there, there) ?? Promise.resolve(true), run };
}

/** Calls the entry of an instance that is made. */
type Runnable = (input: string) => Promise<GuestEnd>;

/** An artefact that was prepared without a counter cannot keep the limit: that is a fault of the composition. */
function tankOf({ artefact, limits, tank }: InstanceOptions, turns: FuelTurns | undefined): FuelTank | undefined {
  if (artefact.fuel) return tank ?? createFuelTank(limits.fuel ?? Number.MAX_SAFE_INTEGER, turns);
  if (limits.fuel !== undefined) throw new Error('the component was prepared without a counter of instructions');
  return undefined;
}

const fuelEnd = ({ fuel = 0 }: RunLimits): GuestEnd => ({
  kind: 'limit',
  limit: 'fuel',
  message: `the agent executed more than ${fuel} instructions`,
});

/** CPU time of this thread, milliseconds. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The two ways in which calls leave the guest: through the glue, or lowered by the host. Both pass `HostCalls`. */
function crossingOf(
  options: InstanceOptions,
  ending: RunEnding,
  given: Pick<HostCallOptions, 'sampleMemory' | 'classify' | 'isEarly' | 'stopwatch'>,
): { imports: ImportObject; lower: LowerImport; measure: MeasureImport; calls: HostCalls } {
  const { artefact, imports, limits, meter } = options;
  const guards = createGuards(artefact, imports, (): Crossing => ({ calls, values }));
  const forged = (): never => {
    ending.end({ kind: 'trap', message: 'the guest used a resource handle that it does not have' });
    throw new Error('unknown resource handle');
  };
  const values: GuestValues = createGuestValues({
    guardOf: guards.byPrototype,
    onForged: forged,
    onHandles: (live) => calls.handles(live),
    counts: (guardClass) => guards.interfaceOf(guardClass)?.startsWith(GIVEN_AWAY) !== true,
  });
  const calls: HostCalls = createHostCalls({ limits, meter, ending, values, ...given });
  return {
    calls,
    imports: createImportObject(artefact, imports, guards, calls),
    lower: createLowering(artefact, imports, { calls, values }),
    measure: createMeasuring(artefact, calls),
  };
}

function moduleFacts(artefact: Artefact, modules: ModuleMap): Map<WebAssembly.Module, ArtefactModule> {
  return new Map(artefact.modules.map((facts) => [moduleNamed(modules, facts.name), facts]));
}

function moduleNamed(modules: ModuleMap, name: string): WebAssembly.Module {
  const module = modules.get(name);
  if (module === undefined) throw new Error('the glue asks for a module that was not prepared');
  return module;
}

function isGlue(value: unknown): value is Glue {
  return (
    typeof value === 'object' && value !== null && 'instantiate' in value && typeof value.instantiate === 'function'
  );
}
