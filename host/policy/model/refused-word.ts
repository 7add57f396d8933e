const PATTERNS = 'its matches surprise; `objMatch(r.obj, p.obj)` and `actMatch(r.act, p.act)` know patterns';

/** What Casbin knows and no model here may use: why, and what to write instead. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['eval', 'it makes code of the text of a row; write conditions in a `when` column'],
  ['keyMatch', PATTERNS],
  ['keyMatch2', PATTERNS],
  ['keyMatch3', PATTERNS],
  ['keyMatch4', PATTERNS],
  ['keyMatch5', PATTERNS],
  ['keyGet', PATTERNS],
  ['keyGet2', PATTERNS],
  ['keyGet3', PATTERNS],
  ['regexMatch', PATTERNS],
  ['globMatch', PATTERNS],
  ['ipMatch', 'addresses are checked by the gate after names are resolved; write hosts in a resource pattern'],
]);

/** Columns of rows in models of Casbin: why there is none here, and what to write instead. */
const REFUSED_COLUMNS: ReadonlyMap<string, string> = new Map([
  ['priority', 'the order of rows would decide; a deny row overrides every allow row, so write that'],
  ['sub_rule', 'it would hold code for `eval`; write conditions in a `when` column'],
]);

/** Why a column is refused; `undefined` for one that nobody knows. */
export const refusedColumn = (name: string): string | undefined => REFUSED_COLUMNS.get(name);

/** What a matcher can call. */
export const FUNCTIONS = ['g', 'actMatch', 'objMatch', 'when', 'note'];

/** Why a function is refused; `undefined` for one that nobody knows. */
export const refusedFunction = (name: string): string | undefined =>
  /^g\d+$/.test(name)
    ? 'a policy has one graph of roles, that of agents; use `g(r.sub, p.sub)`, and `objMatch(r.obj, p.obj)` for many resources'
    : REFUSED.get(name);
