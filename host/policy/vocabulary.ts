/** The words that a policy may use. They come from the configuration and from the gates; everything else is an error. */
export interface Vocabulary {
  readonly purposes: readonly string[];
  readonly environments: readonly string[];
  /** From the lowest to the highest. */
  readonly labels: readonly string[];
  /** The roles of people who may approve. */
  readonly approvers: readonly string[];
  /** What `redact` can name. */
  readonly detectors: readonly string[];
  /** Who can be alerted. */
  readonly alerts: readonly string[];
  /** The groups of people; absent where the configuration names none, and rules may name any. */
  readonly groups?: readonly string[];
  /** What the declared prices are in; absent where there are none. */
  readonly currency?: string;
  /** Every action that a gate can ask for, for instance `http:GET`. */
  readonly actions: readonly string[];
  /** Whether an access of this action on such a resource carries the attribute `name` (`arg.NAME` in a rule). */
  isArgument(action: string, resourcePattern: string, name: string): boolean;
}

/** The part of a vocabulary that cells are compiled with. Plain data. */
export type Words = Pick<
  Vocabulary,
  'purposes' | 'environments' | 'labels' | 'approvers' | 'detectors' | 'alerts' | 'groups'
>;

/** The words alone, copied. */
export const wordsOf = (words: Words): Words => ({
  purposes: [...words.purposes],
  environments: [...words.environments],
  labels: [...words.labels],
  approvers: [...words.approvers],
  detectors: [...words.detectors],
  alerts: [...words.alerts],
  ...(words.groups === undefined ? {} : { groups: [...words.groups] }),
});

/** The action cells that an action can meet: itself, and the wildcard of its capability. */
export const actionCells = (action: string): readonly [string, string] => [action, `${capabilityOf(action)}:*`];

/** Whether an action is the one that a cell names, or of the capability whose wildcard it is. */
export const actionMatches = (action: string, cell: string): boolean =>
  action === cell || (cell.endsWith(':*') && action.startsWith(cell.slice(0, -1)));

/** The part of an action before the colon. */
export const capabilityOf = (action: string): string => action.slice(0, Math.max(0, action.indexOf(':')));
