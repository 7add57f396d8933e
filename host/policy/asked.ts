import type { Obligations } from '../contracts/decision.ts';

/** What a row asks for, each counter by its kind. */
export const askedOf = ({ budgets = [], ...rest }: Obligations): readonly string[] => [
  ...new Set([...Object.keys(rest), ...budgets.map(({ kind }) => kind)]),
];

/** Obligations whose item has another name. */
const ITEM_NAMES: ReadonlyMap<string, string> = new Map([
  ['timeoutMs', 'timeout'],
  ['approval', 'approve'],
]);

/** The item of an obligation as messages show it. */
export const spelled = (obligation: string): string => `\`${ITEM_NAMES.get(obligation) ?? obligation}\``;
