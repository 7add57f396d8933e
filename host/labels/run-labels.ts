import type { LabelRef } from '../contracts/decision.ts';
import { flowOf } from '../contracts/flow.ts';
import type { CarriedLabels, KeptLabels, RunLabels } from '../contracts/label.ts';
import type { Access } from '../contracts/request.ts';
import type { LabelPlaces } from './label-places.ts';
import type { ResourceLabels } from './resource-labels.ts';

export interface RunLabelsOptions {
  /** The labels of the configuration, from the least to the most sensitive. Not empty. */
  readonly order: readonly [string, ...string[]];
  readonly resources: ResourceLabels;
  /** The highest label by configuration of what may lie below a directory. */
  readonly below: (directory: string) => LabelRef | undefined;
  readonly places: LabelPlaces;
  readonly carried: CarriedLabels;
  /** What the run begins with: the label of whoever calls it. */
  readonly initialRank: number;
  /** Told whenever the run's label has grown. */
  readonly grown: (label: LabelRef) => void;
}

/** Makes the labels of one run. They only grow (Denning, "A lattice model of secure information flow", 1976). */
export function createRunLabels(options: RunLabelsOptions): RunLabels {
  const { order, resources, below, places, carried, initialRank, grown } = options;
  const highest = order.length - 1;
  const at = (rank: number): LabelRef => {
    // A rank that the order does not have was kept under another configuration: it may be anything.
    const known = Number.isInteger(rank) && rank >= 0 && rank <= highest ? rank : highest;
    return { name: order[known] ?? order[0], rank: known };
  };
  let current = at(initialRank);
  /** What effects that go on write to, and how many of them do. */
  const written = new Map<string, number>();

  const higher = (one: LabelRef | undefined, rank: number | undefined): LabelRef | undefined => {
    if (rank === undefined) return one;
    const other = at(rank);
    return one === undefined || other.rank > one.rank ? other : one;
  };

  /** The label of the data behind a resource, by configuration or as it was written along. */
  function stored(access: Access): LabelRef | undefined {
    const { resource } = access;
    let label = resources(access);
    for (const name of places.readFrom(resource)) {
      // The same data may have a label of its own under each of its names.
      if (name !== resource) label = higher(label, resources({ ...access, resource: name })?.rank);
      label = higher(label, carried.rankOf(name));
    }
    for (const directory of places.readBelow(resource))
      label = higher(higher(label, below(directory)?.rank), carried.rankBelow(directory));
    return label;
  }

  function labelOf(access: Access): string | undefined {
    const flow = flowOf(access.action);
    const own = stored(access);
    if (!flow.out) return own?.name;
    return own === undefined || current.rank > own.rank ? current.name : own.name;
  }

  function raise(label: LabelRef): void {
    if (label.rank <= current.rank) return;
    current = at(label.rank);
    for (const resource of written.keys()) carried.raise(resource, current.rank);
    grown(current);
  }

  const outgoing = (accesses: readonly Access[]): readonly string[] =>
    accesses.filter(({ action }) => flowOf(action).out).flatMap((access) => places.writtenTo(access));

  /** What is read goes into the run. */
  function take(accesses: readonly Access[], given: LabelRef | undefined): void {
    for (const access of accesses) {
      if (!flowOf(access.action).in) continue;
      const label = stored(access);
      if (label !== undefined) raise(label);
      if (given !== undefined) raise(given);
    }
  }

  return Object.freeze({
    current: () => current,
    labelled(accesses: readonly [Access, ...Access[]]): readonly [Access, ...Access[]] {
      const [first, ...rest] = accesses;
      const one = (access: Access): Access => {
        const label = labelOf(access);
        return label === undefined ? access : { ...access, label };
      };
      return [one(first), ...rest.map(one)];
    },
    admit(accesses: readonly Access[], given: LabelRef | undefined): void {
      take(accesses, given);
      if (current.rank > 0) for (const resource of outgoing(accesses)) carried.raise(resource, current.rank);
    },
    keep(accesses: readonly Access[]): KeptLabels {
      const resources = outgoing(accesses);
      for (const resource of resources) written.set(resource, (written.get(resource) ?? 0) + 1);
      return {
        arrived: () => take(accesses, undefined),
        ended: () => {
          for (const resource of resources) {
            const left = (written.get(resource) ?? 1) - 1;
            if (left > 0) written.set(resource, left);
            else written.delete(resource);
          }
        },
      };
    },
    raise,
  });
}
