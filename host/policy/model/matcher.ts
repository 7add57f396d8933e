import { CellError } from '../cell-error.ts';
import { suggestion } from '../spelling.ts';
import { tokensOf, type Token } from './matcher-token.ts';
import { FUNCTIONS, refusedFunction } from './refused-word.ts';

/** What a matcher is read with: the columns of requests and rows, and how many places a link of roles has. */
export interface MatcherScope {
  readonly request: readonly string[];
  readonly policy: readonly string[];
  readonly roles: 'none' | 'global' | 'domain';
}

/** One term of a conjunction. Every one narrows: a row matches where all its terms hold. */
export type Term = { readonly offset: number } & (
  | { readonly kind: 'equal' | 'pattern'; readonly column: string }
  | { readonly kind: 'literal'; readonly column: string; readonly value: string }
  | { readonly kind: 'fact'; readonly clause: string }
  | { readonly kind: 'fact-column'; readonly column: string }
  | { readonly kind: 'role'; readonly domain: boolean }
  | { readonly kind: 'when' | 'note' }
);

/** A matcher: a row matches where all terms of one of these hold. */
export type Alternatives = readonly (readonly Term[])[];

/** The facts of a run that `r.ctx.NAME` can name, and the clauses of a `when` cell that test them. */
export const FACTS: ReadonlyMap<string, string> = new Map([
  ['purpose', 'purpose'],
  ['env', 'env'],
  ['on_behalf_of', 'on-behalf-of'],
]);

const MAX_DEPTH = 16;
const FACT_LIST = [...FACTS.keys()].map((name) => `\`r.ctx.${name}\``).join(' ');

/** Reads a matcher of the accepted subset. Throws a `CellError` that says where, why, and what to write instead. */
export function parseMatcher(text: string, scope: MatcherScope): Alternatives {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = (): Token => tokens[at] ?? END;
  const next = (): Token => tokens[at++] ?? END;
  function take(sign: string): void {
    const found = next();
    if (found.text !== sign || found.kind !== 'sign') throw unexpected(found, `\`${sign}\``);
  }

  function either(depth: number): Alternatives {
    const found = [...both(depth)];
    while (peek().text === '||') {
      next();
      found.push(...both(depth));
    }
    return found;
  }

  function both(depth: number): Alternatives {
    let found = unit(depth);
    while (peek().text === '&&') {
      const { offset } = next();
      const more = unit(depth);
      if (found.length > 1 || more.length > 1)
        throw new CellError(offset, '`||` inside brackets is not accepted beside `&&`; write the alternatives out');
      found = [[...(found[0] ?? []), ...(more[0] ?? [])]];
    }
    return found;
  }

  function unit(depth: number): Alternatives {
    const { text: sign, offset } = peek();
    if (sign === '!')
      throw new CellError(offset, '`!` is not accepted: what cannot be decided would match; write a deny row');
    if (sign !== '(') return [[term()]];
    if (depth === MAX_DEPTH) throw new CellError(offset, `brackets are nested deeper than ${MAX_DEPTH}`);
    next();
    const inner = either(depth + 1);
    take(')');
    return inner;
  }

  function term(): Term {
    const first = next();
    if (first.kind === 'name' && peek().text === '(') return call(first);
    if (first.kind === 'sign' || first.kind === 'end') throw unexpected(first, 'a term');
    const operator = next();
    const second = next();
    return comparison(first, operator, second, scope);
  }

  function call(name: Token): Term {
    const reason = refusedFunction(name.text);
    if (reason !== undefined) throw new CellError(name.offset, `\`${name.text}\` is not accepted: ${reason}`);
    if (!FUNCTIONS.includes(name.text))
      throw new CellError(name.offset, `unknown function \`${name.text}\`${suggestion(name.text, FUNCTIONS)}`);
    next();
    const given: Token[] = [];
    while (peek().text !== ')') {
      given.push(next());
      if (peek().text !== ',') break;
      next();
    }
    take(')');
    return callTerm(name, given, scope);
  }

  const alternatives = either(0);
  const rest = peek();
  if (rest.kind !== 'end') throw unexpected(rest, '`&&` or the end of the matcher');
  return alternatives;
}

const END: Token = { kind: 'end', text: '', offset: 0 };

function unexpected({ kind, text, offset }: Token, expected: string): CellError {
  return new CellError(offset, `expected ${expected}, found ${kind === 'end' ? 'the end' : `\`${text}\``}`);
}

function callTerm({ text: name, offset }: Token, given: readonly Token[], scope: MatcherScope): Term {
  const own = given.map(({ text }) => text).join(', ');
  const isOneOf = (forms: readonly string[]): void => {
    if (forms.includes(own)) return;
    const expected = forms.map((form) => `\`${name}(${form})\``).join(' or ');
    throw new CellError(offset, `\`${name}(${own})\` is not accepted; expected ${expected}`);
  };
  for (const token of given) if (token.kind === 'name') checkOperand(token, scope);
  switch (name) {
    case 'g': {
      if (scope.roles === 'none') throw new CellError(offset, '`g` needs a `[role_definition]`: `g = _, _`');
      const domain = scope.roles === 'domain';
      isOneOf([domain ? 'r.sub, p.sub, r.dom' : 'r.sub, p.sub']);
      return { kind: 'role', domain, offset };
    }
    case 'actMatch':
      isOneOf(['r.act, p.act']);
      return { kind: 'pattern', column: 'act', offset };
    case 'objMatch':
      isOneOf(['r.obj, p.obj']);
      return { kind: 'pattern', column: 'obj', offset };
    case 'when':
      isOneOf([scope.policy.includes('eft') ? 'r.ctx, p.when, p.eft' : 'r.ctx, p.when']);
      return { kind: 'when', offset };
    default:
      isOneOf([scope.policy.map((column) => `p.${column}`).join(', ')]);
      return { kind: 'note', offset };
  }
}

/** An operand is a column that is defined, or a fact of the run. */
function checkOperand({ text, offset }: Token, { request, policy }: MatcherScope): void {
  const [side = '', column = '', ...more] = text.split('.');
  if (/^[rp]\d+$/.test(side))
    throw new CellError(offset, `\`${text}\`: a model has one definition of requests and one of rows, \`r\` and \`p\``);
  if (side !== 'r' && side !== 'p')
    throw new CellError(offset, `\`${text}\` is not a column; expected \`r.NAME\` or \`p.NAME\``);
  const columns = side === 'r' ? request : policy;
  if (!columns.includes(column))
    throw new CellError(
      offset,
      `\`${text}\`: no column \`${column}\` is defined for \`${side}\`${suggestion(column, columns)}`,
    );
  if (side === 'r' && column === 'ctx' && more.length === 1 && FACTS.has(more[0] ?? '')) return;
  if (more.length > 0)
    throw new CellError(offset, `\`${text}\` is no attribute that a host knows; expected one of ${FACT_LIST}`);
}

const ORDER = /^(?:[<>]=?|=~|[-+*/%?:])$/;

function comparison(first: Token, operator: Token, second: Token, scope: MatcherScope): Term {
  if (operator.text === 'in')
    throw new CellError(
      operator.offset,
      '`in` is not accepted: it binds as loosely as `||`; write one row for each value',
    );
  if (ORDER.test(operator.text))
    throw new CellError(
      operator.offset,
      `\`${operator.text}\` is not accepted: numbers and times are tested in a \`when\` column, for instance \`arg.size<=100\``,
    );
  if (operator.text !== '==' && operator.text !== '!=') throw unexpected(operator, '`==`');
  const given = second.text.startsWith('r.') && !first.text.startsWith('r.') ? [second, first] : [first, second];
  const [left = END, right = END] = given;
  if (left.kind === 'name' && !left.text.startsWith('p.')) checkOperand(left, scope);
  if (left.kind !== 'name' || !left.text.startsWith('r.'))
    throw unexpected(left, 'a column of the request (`r.NAME`) on one side of the comparison');
  if (right.kind === 'name') checkOperand(right, scope);
  else if (right.kind === 'text') checkLiteral(right);
  else if (right.kind === 'number')
    throw new CellError(right.offset, `\`${right.text}\`: numbers are tested in a \`when\` column`);
  else throw unexpected(right, 'a column of the row (`p.NAME`) or a quoted text');
  return left.text.startsWith('r.ctx.') ? factTerm(left, operator, right) : columnTerm(left, operator, right);
}

function columnTerm(left: Token, operator: Token, right: Token): Term {
  const { offset } = left;
  const column = left.text.slice(2);
  if (operator.text === '!=')
    throw new CellError(
      operator.offset,
      '`!=` of columns is not accepted: it matches all but what is named; write a deny row',
    );
  if (column === 'ctx') throw new CellError(offset, `\`r.ctx\` is no text; expected one of ${FACT_LIST}`);
  if (right.kind === 'text') return { kind: 'literal', column, value: right.text.slice(1, -1), offset };
  if (right.text !== `p.${column}`)
    throw new CellError(right.offset, `\`${left.text}\` is compared with \`${right.text}\`; expected \`p.${column}\``);
  return { kind: 'equal', column, offset };
}

function factTerm(left: Token, operator: Token, right: Token): Term {
  const { offset } = left;
  const name = left.text.slice('r.ctx.'.length);
  if (right.kind === 'text') {
    if (name === 'on_behalf_of' && !right.text.slice(1).startsWith('user:'))
      throw new CellError(right.offset, `${right.text} is not a person; expected \`"user:NAME"\``);
    const sign = operator.text === '==' ? '=' : '!=';
    return { kind: 'fact', clause: `${FACTS.get(name) ?? name}${sign}${right.text.slice(1, -1)}`, offset };
  }
  if (operator.text === '!=')
    throw new CellError(
      operator.offset,
      '`!=` of a column is not accepted: it matches all but what is named; write a deny row',
    );
  if (right.text !== `p.${name}`)
    throw new CellError(right.offset, `\`${left.text}\` is compared with \`${right.text}\`; expected \`p.${name}\``);
  return { kind: 'fact-column', column: name, offset };
}

/** Casbin rewrites dots in quoted texts, too; what it would change cannot stand in one. */
function checkLiteral({ text, offset }: Token): void {
  const odd = /[^A-Za-z0-9_:@-]/.exec(text.slice(1, -1));
  if (text.length === 2) throw new CellError(offset, 'an empty text');
  if (odd)
    throw new CellError(
      offset + 1 + odd.index,
      `a text in a matcher has no \`${odd[0]}\`; expected letters, digits, \`_\` \`:\` \`@\` \`-\`; put other values into a column`,
    );
}
