import type { DatabaseTarget } from '../gates/db/engine.ts';
import { createLabelPlaces, type LabelPlaces, type ShownMount } from '../labels/label-places.ts';
import type { GateSettings } from './settings.ts';

/** Where data lies under more than its own name, in a configuration. */
export function dataPlaces({ db, tools }: Pick<GateSettings, 'db' | 'tools'>): LabelPlaces {
  const byPlace = new Map<string, string[]>();
  for (const [name, { target }] of db.databases) {
    const place = placeOf(target);
    byPlace.set(place, [...(byPlace.get(place) ?? []), name]);
  }
  const sameDatabases = new Map([...byPlace.values()].flatMap((names) => names.map((name) => [name, names] as const)));
  const shown = tools.tools.flatMap((tool): (readonly [string, readonly ShownMount[]])[] =>
    tool.kind === 'process' ? [[tool.name, tool.confinement.sandbox?.mounts ?? []]] : [],
  );
  return createLabelPlaces({ sameDatabases, tools: new Map(shown) });
}

/** Whoever logs in, and whether it may write: it is the same data. */
const placeOf = (target: DatabaseTarget): string =>
  JSON.stringify(target.kind === 'sqlite' ? [target.path] : [target.host, target.port, target.database]);
