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

/** Who is in a group, the run does not know: a group that is named can neither be confirmed nor ruled out. */
function personIn(set: ReadonlySet<string>): (facts: RunFacts) => Verdict {
  const groups = [...set].some((value) => value.startsWith('group:'));
  return ({ onBehalfOf }) => {
    if (onBehalfOf === undefined) return 'undecided';
    return set.has(onBehalfOf) || (groups ? 'undecided' : false);
  };
}
