import type { Attribute } from '../../contracts/request.ts';
import { CellError } from '../cell-error.ts';
import { matchParts, MAX_TEXT_PARTS, parsePath } from '../path-glob.ts';
import { negate, type Clause, type ClauseScope, type ClauseText, type Verdict } from './clause.ts';
import { decodeSet, decodeValue } from './value.ts';

const FORM = /^arg\.([A-Za-z_][A-Za-z0-9_.-]*?)(!=|!~|<=|>=|=|~|<|>)(.*)$/s;
const NUMBER = /^(-?(?:0|[1-9]\d*)(?:\.\d+)?)(KB|MB|GB)?$/;
/** As text it would be compared with the text of a number, which has no unit. */
const QUANTITY = /^-?\d+(?:\.\d+)?(?:KB|MB|GB)$/;
const UNITS: ReadonlyMap<string, number> = new Map([
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
]);

type Scalar = string | number | boolean;
type Test = (value: Scalar) => Verdict;

/** `arg.branch~agent/**`, `arg.amount<=100`: an attribute of the access, which the gate publishes by name. */
export function parseArgument({ text, offset }: ClauseText, scope: ClauseScope): Clause {
  const [, name, operator, operand] = FORM.exec(text) ?? [];
  if (name === undefined || operator === undefined || operand === undefined) {
    throw new CellError(offset, 'expected `arg.NAME`, then one of `=` `!=` `~` `!~` `<` `<=` `>` `>=`, then a value');
  }
  if (!scope.isArgument(name)) {
    throw new CellError(offset + 4, `unknown argument \`${name}\`: no request of this action on this resource has it`);
  }
  const test = parseTest(name, operator, operand, offset + 4 + name.length + operator.length);
  return {
    text,
    about: `arg.${name}`,
    test({ attributes }) {
      const value = attributes.get(name);
      return value === undefined ? 'undecided' : testMembers(value, test);
    },
  };
}

function parseTest(name: string, operator: string, operand: string, offset: number): Test {
  switch (operator) {
    case '=':
      return oneOf(operand, offset, `arg.${name}<=`);
    case '!=':
      return inverse(oneOf(operand, offset, `arg.${name}>`));
    case '~':
      return like(operand, offset);
    case '!~':
      return inverse(like(operand, offset));
    case '<':
      return compare(operand, offset, (value, bound) => value < bound);
    case '<=':
      return compare(operand, offset, (value, bound) => value <= bound);
    case '>':
      return compare(operand, offset, (value, bound) => value > bound);
    default:
      return compare(operand, offset, (value, bound) => value >= bound);
  }
}

const inverse =
  (test: Test): Test =>
  (value) =>
    negate(test(value));

function oneOf(operand: string, offset: number, ordered: string): Test {
  const values = decodeSet(operand, offset);
  const quantity = values.find(({ value }) => QUANTITY.test(value));
  if (quantity !== undefined) {
    const { value } = quantity;
    throw new CellError(
      quantity.offset,
      `\`${value}\` is a quantity, and here text is compared; expected \`${ordered}${value}\`, or \`~\` for this very text`,
    );
  }
  const set = new Set(values.map(({ value }) => value));
  return (value) => set.has(String(value));
}

/** As a resource pattern matches a path. A value with dot segments means another path than it says: it cannot be decided. */
function like(operand: string, offset: number): Test {
  if (operand.startsWith('!')) throw new CellError(offset, 'a pattern cannot be negated; write `!~`');
  const pattern = parsePath(decodeValue(operand, offset), offset);
  return (value) => {
    const parts = String(value).split('/', MAX_TEXT_PARTS + 1);
    if (parts.length > MAX_TEXT_PARTS || parts.includes('.') || parts.includes('..')) return 'undecided';
    return matchParts(pattern, parts);
  };
}

function compare(operand: string, offset: number, holds: (value: number, bound: number) => boolean): Test {
  const [, digits, unit] = NUMBER.exec(operand) ?? [];
  const bound = Number(digits) * (unit === undefined ? 1 : (UNITS.get(unit) ?? Number.NaN));
  if (!Number.isFinite(bound))
    throw new CellError(offset, `\`${operand}\` is not a number; ${expectedNumber(operand)}`);
  if (Math.abs(bound) > Number.MAX_SAFE_INTEGER)
    throw new CellError(offset, `\`${operand}\` is too large to be compared exactly`);
  return (value) => (typeof value === 'number' && Number.isFinite(value) ? holds(value, bound) : 'undecided');
}

/** The number that was probably meant, or some examples. */
function expectedNumber(operand: string): string {
  const near = operand.replace(/^(-?)0+(?=\d)/, '$1').toUpperCase();
  return NUMBER.test(near) ? `expected \`${near}\`` : 'expected for instance `100`, `-1.5` or `10MB`';
}

/**
 * A list is tested by every member: true if all satisfy, false if none does. Between the two it is undecided, so that
 * neither an allow row passes a member that it does not name nor a deny row lets one through in company.
 */
function testMembers(value: Attribute, test: Test): Verdict {
  if (!isList(value)) return test(value);
  if (value.length === 0) return 'undecided';
  const verdicts = new Set(value.map(test));
  return verdicts.size > 1 ? 'undecided' : ([...verdicts][0] ?? 'undecided');
}

const isList = (value: Attribute): value is readonly Scalar[] => Array.isArray(value);
