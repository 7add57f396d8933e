import type { LabelRef } from '../contracts/decision.ts';
import type { LabelledResource } from '../contracts/label.ts';
import type { Access } from '../contracts/request.ts';

/** Whether a canonical resource is one that a pattern of a labelled resource stands for. */
export type MatchResource = (resource: string) => boolean;

/** The label of an access by configuration; nothing where its resource has none. */
export type ResourceLabels = (access: Access) => LabelRef | undefined;

/** Guests choose resources: so many are remembered. */
const MOST_KEPT = 1_024;

interface Entry extends LabelledResource {
  readonly matches: MatchResource;
}

/**
 * Makes the labels of resources: of all entries that fit, the highest counts. An entry with columns fits an access that
 * touches one of them, and one whose columns are not known.
 */
export function createResourceLabels(
  entries: readonly LabelledResource[],
  compile: (pattern: string) => MatchResource,
): ResourceLabels {
  const compiled = entries.map((entry): Entry => ({ ...entry, matches: compile(entry.pattern) }));
  const byResource = new Map<string, readonly Entry[]>();

  function entriesOf(resource: string): readonly Entry[] {
    const known = byResource.get(resource);
    if (known !== undefined) return known;
    const found = compiled.filter(({ matches }) => matches(resource));
    if (byResource.size >= MOST_KEPT) byResource.clear();
    byResource.set(resource, found);
    return found;
  }

  return ({ resource, attributes }) => {
    if (compiled.length === 0) return undefined;
    const touched = attributes.get('columns');
    let highest: LabelRef | undefined;
    for (const { columns, label } of entriesOf(resource)) {
      const fits = columns === undefined || !Array.isArray(touched) || columns.some((name) => touched.includes(name));
      if (fits && (highest === undefined || label.rank > highest.rank)) highest = label;
    }
    return highest;
  };
}
