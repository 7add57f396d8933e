import type { Deny, Obligations } from '../../contracts/decision.ts';
import { strictest } from './merge.ts';

/** What the rows that deny ask for travels with the answer: the fullest log, and everybody who is to be told. */
export function askedByDenial(all: readonly Obligations[]): Pick<Deny, 'obligations'> {
  const { log, alert } = strictest(all);
  const asked = { ...(log === undefined ? {} : { log }), ...(alert === undefined ? {} : { alert }) };
  return Object.keys(asked).length === 0 ? {} : { obligations: asked };
}
