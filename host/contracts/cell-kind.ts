/**
 * Where a guest lives. `shared`: with many others on one thread of the host. `thread`: beside its gates, in a worker of
 * its own. `process`: in a process of its own that has nothing but its calls to the gates. The weaker ones come first.
 */
export const CELL_KINDS = ['shared', 'thread', 'process'] as const;
export type CellKind = (typeof CELL_KINDS)[number];

/** Tells whether one kind holds a guest less well than the other. */
export const isWeakerCell = (one: CellKind, other: CellKind): boolean =>
  CELL_KINDS.indexOf(one) < CELL_KINDS.indexOf(other);
