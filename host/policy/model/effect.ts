import { CellError } from '../cell-error.ts';

/** What counts of the rows that match: some allow row; or besides, that no deny row does. */
export type PolicyEffect = 'allow' | 'allow-and-deny';

const ALLOW = 'some(where (p.eft == allow))';
const ALLOW_AND_DENY = `${ALLOW} && !some(where (p.eft == deny))`;

/** Reads the effect. Both that are accepted deny what no row allows. */
export function parseEffect(text: string, hasEffectColumn: boolean): PolicyEffect {
  const given = text.replace(/\s+/g, '');
  if (given === squeeze(ALLOW_AND_DENY)) return 'allow-and-deny';
  const expected = `; expected \`e = ${ALLOW_AND_DENY}\``;
  if (given === squeeze(ALLOW)) {
    if (!hasEffectColumn) return 'allow';
    throw new CellError(0, `a row with \`deny\` would deny nothing under this effect${expected}, or no column \`eft\``);
  }
  if (/priority/i.test(given))
    throw new CellError(0, `an effect in which the order of rows decides is not accepted${expected}`);
  if (given.startsWith('!some')) throw new CellError(0, `this effect allows what no row denies${expected}`);
  throw new CellError(0, `an effect that is not accepted${expected}${hasEffectColumn ? '' : ` or \`e = ${ALLOW}\``}`);
}

const squeeze = (text: string): string => text.replace(/\s+/g, '');
