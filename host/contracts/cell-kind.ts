/**
 * Where a guest lives. `thread`: beside the gates, in a worker of the host. `process`: in a process of its own that has
 * nothing but its calls to the gates. The weaker one comes first.
 */
export const CELL_KINDS = ['thread', 'process'] as const;
export type CellKind = (typeof CELL_KINDS)[number];

/** Tells whether one kind holds a guest less well than the other. */
export const isWeakerCell = (one: CellKind, other: CellKind): boolean =>
  CELL_KINDS.indexOf(one) < CELL_KINDS.indexOf(other);
