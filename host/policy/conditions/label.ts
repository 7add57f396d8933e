import { CellError } from '../cell-error.ts';
import { suggestion } from '../spelling.ts';
import type { Clause, ClauseScope, ClauseText } from './clause.ts';

const FORM = /^label(<=|>=|=)(.*)$/s;

/** `label<=confidential`: the label of what is read, or of what would flow out, in the order of the configuration. */
export function parseLabel({ text, offset }: ClauseText, { words }: ClauseScope): Clause {
  const [, operator, name] = FORM.exec(text) ?? [];
  if (operator === undefined || name === undefined)
    throw new CellError(offset + 5, 'expected `<=`, `>=` or `=` and a label');
  const ranks = new Map(words.labels.map((label, rank) => [label, rank]));
  const wanted = ranks.get(name);
  if (wanted === undefined)
    throw new CellError(offset + 5 + operator.length, `unknown label \`${name}\`${suggestion(name, words.labels)}`);
  return {
    text,
    about: 'label',
    test({ label }) {
      const rank = label === undefined ? undefined : ranks.get(label);
      if (rank === undefined) return 'undecided';
      if (operator === '=') return rank === wanted;
      return operator === '<=' ? rank <= wanted : rank >= wanted;
    },
  };
}
