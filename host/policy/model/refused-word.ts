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

/** What a matcher can call. */
export const FUNCTIONS = ['g', 'actMatch', 'objMatch', 'when', 'note'];

/** Why a function is refused; `undefined` for one that nobody knows. */
export const refusedFunction = (name: string): string | undefined =>
  /^g\d+$/.test(name) ? 'a policy has one graph of roles; use `g(r.sub, p.sub)`' : REFUSED.get(name);
