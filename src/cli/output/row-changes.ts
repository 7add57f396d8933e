import type { RowChange } from '../../../host/index.ts';
import { counted, untrusted, type Style } from './human.ts';

/** Rows that differ, as lines: `-` for what is gone, `+` for what is new, with what that does to what is allowed. */
export function* changeLines(changes: readonly RowChange[], style: Style): Generator<string> {
  for (const { direction, before, after } of changes) {
    const word = direction === 'widens' ? style.bad(direction) : style.dim(direction);
    if (before !== undefined) yield `- ${untrusted(before)}${after === undefined ? `  (${word})` : ''}`;
    if (after !== undefined) yield `+ ${untrusted(after)}  (${word})`;
  }
  const widening = changes.filter(({ direction }) => direction === 'widens').length;
  const unclear = changes.filter(({ direction }) => direction === 'unclear').length;
  yield changes.length === 0
    ? 'no difference'
    : `${counted(changes.length, 'change')}: ${widening} widen${widening === 1 ? 's' : ''} what is allowed, ${unclear} cannot be told row by row`;
}
