import type { RunFacts } from '../../contracts/principal.ts';
import { CellError } from '../cell-error.ts';
import { suggestion } from '../spelling.ts';
import { negate, type Clause, type ClauseScope, type ClauseText, type Verdict } from './clause.ts';
import { decodeSet } from './value.ts';

const FORM = /^(purpose|env|on-behalf-of)(!?=)(.*)$/s;
const PERSON = /^(?:user|group):[^\s:]+$/;

/** `purpose=triage|audit`, `env!=prod`, `on-behalf-of=user:ada`: facts of the run, from the host and never from the guest. */
export function parseFact({ text, offset }: ClauseText, { words }: ClauseScope): Clause {
  const [, fact, operator, list] = FORM.exec(text) ?? [];
  if (fact === undefined || operator === undefined || list === undefined) {
    const name = /^(?:purpose|env|on-behalf-of)/.exec(text)?.[0] ?? '';
    throw new CellError(offset + name.length, 'expected `=` or `!=` and a value');
  }
  const values = decodeSet(list, offset + fact.length + operator.length);
  const set = new Set(values.map(({ value }) => value));
  for (const { value, offset: at } of values) checkValue(fact, value, at, words);
  const holds = fact === 'on-behalf-of' ? personIn(set) : valueIn(set, fact);
  return { text, about: fact, test: ({ context }) => (operator === '=' ? holds(context) : negate(holds(context))) };
}

function checkValue(fact: string, value: string, offset: number, words: ClauseScope['words']): void {
  if (fact === 'on-behalf-of') {
    if (!PERSON.test(value))
      throw new CellError(offset, `\`${value}\` is not a person; expected \`user:NAME\` or \`group:NAME\``);
    const { groups } = words;
    const group = /^group:(.*)$/s.exec(value)?.[1];
    if (group !== undefined && groups !== undefined && !groups.includes(group))
      throw new CellError(offset + 'group:'.length, `unknown group \`${group}\`${suggestion(group, groups)}`);
    return;
  }
  const known = fact === 'env' ? words.environments : words.purposes;
  if (known.includes(value)) return;
  throw new CellError(
    offset,
    `unknown ${fact === 'env' ? 'environment' : 'purpose'} \`${value}\`${suggestion(value, known)}`,
  );
}

function valueIn(set: ReadonlySet<string>, fact: string): (facts: RunFacts) => Verdict {
  return (facts) => {
    const value = fact === 'env' ? facts.environment : facts.purpose;
    return value === undefined ? 'undecided' : set.has(value);
  };
}

/** Where the configuration names no groups, one that a rule names can neither be confirmed nor ruled out. */
function personIn(set: ReadonlySet<string>): (facts: RunFacts) => Verdict {
  const named = [...set].some((value) => value.startsWith('group:'));
  return ({ onBehalfOf, groups }) => {
    if (onBehalfOf === undefined) return 'undecided';
    if (set.has(onBehalfOf)) return true;
    if (groups === undefined) return named ? 'undecided' : false;
    return groups.some((group) => set.has(group));
  };
}
