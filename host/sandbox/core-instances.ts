import type { ArtefactModule } from './artefact.ts';
import { FUEL_IMPORT } from './fuel.ts';
import type { FuelTank } from './fuel-tank.ts';
import { memoryExport } from './module-limits.ts';
import { PAGE_BYTES, TABLE_ENTRIES } from './memory-plan.ts';

/** The core instances of one run. The glue makes all of them here. */
export interface CoreInstances {
  readonly instantiate: (module: WebAssembly.Module, imports?: object) => WebAssembly.Instance;
  /** Linear memory of all instances now, pages. */
  pages(): number;
}

/** What the instances would need is more than the run may have. */
export class TooManyInstances extends Error {
  override readonly name = 'TooManyInstances';
}

/** The most core instances of a component: Python without WASI has 38. */
const INSTANCES = 64;

/** The caps in the modules are per instance, and a component may instantiate a module often: so they are added up here. */
export function createCoreInstances(
  prepared: ReadonlyMap<WebAssembly.Module, ArtefactModule>,
  budgetPages: number,
  tank?: FuelTank,
): CoreInstances {
  const memories: WebAssembly.Memory[] = [];
  let instances = 0;
  let pages = 0;
  let entries = 0;

  function instantiate(module: WebAssembly.Module, imports?: object): WebAssembly.Instance {
    const facts = prepared.get(module);
    if (facts === undefined) throw new Error('the glue asks for a module that was not prepared');
    instances++;
    pages += facts.pages;
    entries += facts.tableEntries;
    if (instances > INSTANCES) throw new TooManyInstances(`the component makes more than ${INSTANCES} core instances`);
    if (pages > budgetPages)
      throw new TooManyInstances('the core instances of the component together may grow beyond the limit');
    if (entries > TABLE_ENTRIES.all)
      throw new TooManyInstances('the tables of the component together are larger than the limit');
    const given = tank === undefined ? imports : { ...imports, [FUEL_IMPORT.module]: tank.imports };
    const instance = new WebAssembly.Instance(module, given);
    for (let index = 0; index < facts.memories; index++) {
      const memory = instance.exports[memoryExport(index)];
      if (!(memory instanceof WebAssembly.Memory)) throw new Error('a prepared module does not show its memory');
      memories.push(memory);
    }
    return instance;
  }

  return Object.freeze({
    instantiate,
    pages: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength / PAGE_BYTES, 0),
  });
}
