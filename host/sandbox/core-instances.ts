import type { LimitName } from '../contracts/limits.ts';
import type { ArtefactModule } from './artefact.ts';
import { FUEL_IMPORT } from './fuel.ts';
import type { FuelTank } from './fuel-tank.ts';
import { memoryExport, tableExport } from './module-limits.ts';
import { PAGE_BYTES, type RoomBudget } from './memory-plan.ts';
import type { Stopwatch } from './stopwatch.ts';

/** The core instances of one run. The glue makes all of them here. */
export interface CoreInstances {
  readonly instantiate: (module: WebAssembly.Module, imports?: object) => WebAssembly.Instance;
  /** Linear memory of all instances now, pages. */
  pages(): number;
  /** Entries by which the tables have grown, and all of their entries. */
  tables(): { readonly grown: number; readonly entries: number };
}

/** What the instances would need is more than the run may have. */
export class TooManyInstances extends Error {
  override readonly name = 'TooManyInstances';
  readonly limit: LimitName;

  constructor(limit: LimitName, message: string) {
    super(message);
    this.limit = limit;
  }
}

/** The most core instances of a component: Python without WASI has 38. */
const INSTANCES = 64;

/** What counts the code of the guest: its instructions, and its time. */
export interface Counters {
  readonly tank?: FuelTank | undefined;
  readonly stopwatch?: Stopwatch | undefined;
}

/** The caps in the modules are per instance, and a component may instantiate a module often: so they are added up here. */
export function createCoreInstances(
  prepared: ReadonlyMap<WebAssembly.Module, ArtefactModule>,
  budget: RoomBudget,
  { tank, stopwatch }: Counters = {},
): CoreInstances {
  const memories: WebAssembly.Memory[] = [];
  const tables: { readonly table: WebAssembly.Table; readonly start: number }[] = [];
  let instances = 0;
  let pages = 0;
  let entries = 0;

  function instantiate(module: WebAssembly.Module, imports?: object): WebAssembly.Instance {
    const facts = prepared.get(module);
    if (facts === undefined) throw new Error('the glue asks for a module that was not prepared');
    instances++;
    pages += facts.pages;
    entries += facts.tableEntries;
    if (instances > INSTANCES)
      throw new TooManyInstances('memoryBytes', `the component makes more than ${INSTANCES} core instances`);
    if (pages > budget.pages)
      throw new TooManyInstances(
        'memoryBytes',
        'the core instances of the component together may grow beyond the limit',
      );
    if (entries > budget.tableEntries)
      throw new TooManyInstances('tableEntries', 'the tables of the component together may grow beyond the limit');
    const given = tank === undefined ? imports : { ...imports, [FUEL_IMPORT.module]: tank.imports };
    const instance = start(module, given);
    for (let index = 0; index < facts.memories; index++) {
      const memory = instance.exports[memoryExport(index)];
      if (!(memory instanceof WebAssembly.Memory)) throw new Error('a prepared module does not show its memory');
      memories.push(memory);
    }
    for (let index = 0; index < facts.tables; index++) {
      const table = instance.exports[tableExport(index)];
      if (!(table instanceof WebAssembly.Table)) throw new Error('a prepared module does not show its table');
      tables.push({ table, start: table.length });
    }
    return instance;
  }

  /** A module may have a function that is called at once. */
  function start(module: WebAssembly.Module, imports?: object): WebAssembly.Instance {
    stopwatch?.resume();
    try {
      return new WebAssembly.Instance(module, imports);
    } finally {
      stopwatch?.pause();
    }
  }

  return Object.freeze({
    instantiate,
    pages: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength / PAGE_BYTES, 0),
    tables: () => ({
      grown: tables.reduce((sum, { table, start }) => sum + table.length - start, 0),
      entries: tables.reduce((sum, { table }) => sum + table.length, 0),
    }),
  });
}
