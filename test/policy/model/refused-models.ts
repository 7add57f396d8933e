/** A change of the accepted model, and what the host says of it. */
export type RefusedModel = readonly [name: string, from: string | RegExp, to: string, problems: readonly string[]];

export const REFUSED_MODELS: readonly RefusedModel[] = [
  [
    'an effect that allows what no row denies',
    'some(where (p.eft == allow)) && !',
    '!',
    [
      '11:5: this effect allows what no row denies; expected `e = some(where (p.eft == allow)) && !some(where (p.eft == deny))`',
    ],
  ],
  [
    'an effect in which a deny row counts for nothing',
    ' && !some(where (p.eft == deny))',
    '',
    [
      '11:5: a row with `deny` would deny nothing under this effect; expected `e = some(where (p.eft == allow)) && !some(where (p.eft == deny))`, or no column `eft`',
    ],
  ],
  [
    'an effect by priority',
    'some(where (p.eft == allow)) && !some(where (p.eft == deny))',
    'priority(p.eft) || deny',
    [
      '11:5: an effect in which the order of rows decides is not accepted; expected `e = some(where (p.eft == allow)) && !some(where (p.eft == deny))`',
    ],
  ],
  [
    'an effect by the priority of subjects',
    'some(where (p.eft == allow)) && !some(where (p.eft == deny))',
    'subjectPriority(p.eft) || deny',
    [
      '11:5: an effect in which the order of rows decides is not accepted; expected `e = some(where (p.eft == allow)) && !some(where (p.eft == deny))`',
    ],
  ],
  [
    'an unknown effect',
    'some(where (p.eft == allow)) && ',
    'some(where (p.eft == allow)) || ',
    [
      '11:5: an effect that is not accepted; expected `e = some(where (p.eft == allow)) && !some(where (p.eft == deny))`',
    ],
  ],
  [
    '`eval`',
    'when(r.ctx, p.when, p.eft)',
    'eval(p.when)',
    ['14:76: `eval` is not accepted: it makes code of the text of a row; write conditions in a `when` column'],
  ],
  [
    'a pattern function of Casbin',
    'objMatch',
    'keyMatch',
    [
      '14:50: `keyMatch` is not accepted: its matches surprise; `objMatch(r.obj, p.obj)` and `actMatch(r.act, p.act)` know patterns',
    ],
  ],
  [
    'a numbered pattern function',
    'objMatch',
    'keyMatch5',
    [
      '14:50: `keyMatch5` is not accepted: its matches surprise; `objMatch(r.obj, p.obj)` and `actMatch(r.act, p.act)` know patterns',
    ],
  ],
  [
    'a regular expression',
    'actMatch',
    'regexMatch',
    [
      '14:24: `regexMatch` is not accepted: its matches surprise; `objMatch(r.obj, p.obj)` and `actMatch(r.act, p.act)` know patterns',
    ],
  ],
  [
    'a glob',
    'objMatch',
    'globMatch',
    [
      '14:50: `globMatch` is not accepted: its matches surprise; `objMatch(r.obj, p.obj)` and `actMatch(r.act, p.act)` know patterns',
    ],
  ],
  [
    'an address function',
    'g(r.sub',
    'ipMatch(r.sub',
    [
      '14:5: `ipMatch` is not accepted: addresses are checked by the gate after names are resolved; write hosts in a resource pattern',
    ],
  ],
  [
    'a function that nobody knows',
    'objMatch',
    'objMtch',
    ['14:50: unknown function `objMtch`; did you mean `objMatch`'],
  ],
  [
    'a function that nobody knows, negated',
    'objMatch',
    '!nosuch',
    ['14:50: `!` is not accepted: what cannot be decided would match; write a deny row'],
  ],
  [
    'a negated term',
    ' && when',
    ' && !when',
    ['14:76: `!` is not accepted: what cannot be decided would match; write a deny row'],
  ],
  [
    '`in`',
    ' && when',
    " && r.act in ('a', 'b') && when",
    ['14:82: `in` is not accepted: it binds as loosely as `||`; write one row for each value'],
  ],
  [
    'an order of texts',
    ' && when',
    ' && r.sub < p.sub && when',
    ['14:82: `<` is not accepted: numbers and times are tested in a `when` column, for instance `arg.size<=100`'],
  ],
  ['a number', ' && when', ' && r.ctx.purpose == 3 && when', ['14:93: `3`: numbers are tested in a `when` column']],
  [
    'a sum',
    ' && when',
    ' && r.act + 1 && when',
    ['14:82: `+` is not accepted: numbers and times are tested in a `when` column, for instance `arg.size<=100`'],
  ],
  [
    'a regular expression operator',
    ' && when',
    ' && r.act =~ "x" && when',
    ['14:82: `=~` is not accepted: numbers and times are tested in a `when` column, for instance `arg.size<=100`'],
  ],
  [
    'a comparison that excludes',
    ' && when',
    ' && r.act != p.act && when',
    ['14:82: `!=` of columns is not accepted: it matches all but what is named; write a deny row'],
  ],
  [
    'two different columns compared',
    ' && when',
    ' && r.act == p.obj && when',
    ['14:85: `r.act` is compared with `p.obj`; expected `p.act`'],
  ],
  [
    'columns of the row compared',
    ' && when',
    ' && p.act == p.obj && when',
    ['14:76: expected a column of the request (`r.NAME`) on one side of the comparison, found `p.act`'],
  ],
  [
    'an unknown column of the request',
    ' && when',
    ' && r.acct == p.act && when',
    ['14:76: `r.acct`: no column `acct` is defined for `r`; did you mean `act`'],
  ],
  [
    'an unknown column of the row',
    ' && when',
    ' && r.act == p.acct && when',
    ['14:85: `p.acct`: no column `acct` is defined for `p`; did you mean `act`'],
  ],
  [
    'a column of another definition',
    ' && when',
    ' && r2.act == p2.act && when',
    ['14:76: `r2.act`: a model has one definition of requests and one of rows, `r` and `p`'],
  ],
  [
    'a name of nothing',
    ' && when',
    ' && act == p.act && when',
    ['14:76: `act` is not a column; expected `r.NAME` or `p.NAME`'],
  ],
  [
    'an attribute of the subject',
    ' && when',
    ' && r.sub.Age == "x" && when',
    [
      '14:76: `r.sub.Age` is no attribute that a host knows; expected one of `r.ctx.purpose` `r.ctx.env` `r.ctx.on_behalf_of`',
    ],
  ],
  [
    'an attribute that no host knows',
    ' && when',
    ' && r.ctx.risk == "low" && when',
    [
      '14:76: `r.ctx.risk` is no attribute that a host knows; expected one of `r.ctx.purpose` `r.ctx.env` `r.ctx.on_behalf_of`',
    ],
  ],
  [
    'an attribute of an attribute',
    ' && when',
    ' && r.ctx.purpose.x == "low" && when',
    [
      '14:76: `r.ctx.purpose.x` is no attribute that a host knows; expected one of `r.ctx.purpose` `r.ctx.env` `r.ctx.on_behalf_of`',
    ],
  ],
  [
    'the whole context compared',
    ' && when',
    ' && r.ctx == "low" && when',
    ['14:76: `r.ctx` is no text; expected one of `r.ctx.purpose` `r.ctx.env` `r.ctx.on_behalf_of`'],
  ],
  [
    'a purpose that is not declared',
    ' && when',
    ' && r.ctx.purpose == "triag" && when',
    ['14:76: unknown purpose `triag`; did you mean `triage`'],
  ],
  [
    'an environment that is not declared',
    ' && when',
    ' && r.ctx.env == "production" && when',
    ['14:76: unknown environment `production`; known: `prod` `test`'],
  ],
  [
    'a group in place of a person',
    ' && when',
    ' && r.ctx.on_behalf_of == "group:x" && when',
    ['14:98: "group:x" is not a person; expected `"user:NAME"`'],
  ],
  [
    'a text with a dot',
    ' && when',
    ' && r.ctx.purpose == "a.b" && when',
    [
      '14:95: a text in a matcher has no `.`; expected letters, digits, `_` `:` `@` `-`; put other values into a column',
    ],
  ],
  [
    'a text with a number sign',
    ' && when',
    ' && r.ctx.purpose == "a#b" && when',
    ['14:93: a text without its end; `#` and `;` begin a comment even inside quotes'],
  ],
  [
    'a text without its end',
    ' && when',
    ' && r.ctx.purpose == "ab && when',
    ['14:93: a text without its end; `#` and `;` begin a comment even inside quotes'],
  ],
  ['an empty text', ' && when', ' && r.ctx.purpose == "" && when', ['14:93: an empty text']],
  [
    'a column compared with a text',
    ' && when',
    ' && r.act == "fs:read" && when',
    ['14:76: `r.act` is compared with a text; write it in the rows'],
  ],
  [
    'a way round',
    'm = g',
    'm = r.sub == "root" || g',
    ['14:24: `||` is not accepted: limits of a row would count for each alternative; write one row for each'],
  ],
  [
    'alternatives',
    ' && when',
    ' && actMatch(r.act, p.act) || when',
    ['14:102: `||` is not accepted: limits of a row would count for each alternative; write one row for each'],
  ],
  [
    'alternatives in brackets',
    ' && when',
    ' && (r.act == p.act || r.obj == p.obj) && when',
    ['14:73: `||` inside brackets is not accepted beside `&&`; write the alternatives out'],
  ],
  ['a bracket without its end', ' && when', ' && (r.act == p.act && when', ['14:173: expected `)`, found the end']],
  [
    'a bracket too many',
    ' && when',
    ' && r.act == p.act) && when',
    ['14:90: expected `&&` or the end of the matcher, found `)`'],
  ],
  ['a term missing', 'm = g(r.sub, p.sub) && ', 'm = && ', ['14:5: expected a term, found `&&`']],
  ['an operator at the end', ', p.then)', ', p.then) &&', ['14:157: expected a term, found the end']],
  ['terms without an operator', ' && when', ' when', ['14:73: expected `&&` or the end of the matcher, found `when`']],
  ['one equals sign', ' && when', ' && r.act = p.act && when', ['14:82: expected `==`, found `=`']],
  ['an odd character', ' && when', ' && r.act § && when', ['14:82: a character that no matcher has: U+00A7']],
  ['nothing as a matcher', /m = .*/, 'm =', ['14:4: expected a term, found the end']],
  [
    'a column that nothing compares',
    ' && objMatch(r.obj, p.obj)',
    '',
    ['14:1: nothing compares `p.obj`; expected `objMatch(r.obj, p.obj)`'],
  ],
  [
    'a condition that nothing tests',
    ' && when(r.ctx, p.when, p.eft)',
    '',
    ['14:1: nothing compares `p.when`; expected `when(r.ctx, p.when, p.eft)`'],
  ],
  ['a column compared twice', ' && when', ' && r.act == p.act && when', ['14:76: `act` is compared twice']],
  [
    '`note` before other terms',
    /m = (.*) && (note.*)/,
    'm = $2 && $1',
    ['14:5: `note` stands last, so that it sees the rows that match'],
  ],
  [
    'roles and no `g`',
    'g(r.sub, p.sub)',
    'r.sub == p.sub',
    ['8:1: roles are defined and the matcher does not use `g`'],
  ],
  ['`g` and no roles', '[role_definition]\ng = _, _\n', '', ['12:5: `g` needs a `[role_definition]`: `g = _, _`']],
  [
    'arguments in another order',
    'g(r.sub, p.sub)',
    'g(p.sub, r.sub)',
    ['14:5: `g(p.sub, r.sub)` is not accepted; expected `g(r.sub, p.sub)`'],
  ],
  [
    'a condition without its effect',
    'p.when, p.eft)',
    'p.when)',
    ['14:76: `when(r.ctx, p.when)` is not accepted; expected `when(r.ctx, p.when, p.eft)`'],
  ],
  [
    'a second graph of roles',
    'g = _, _',
    'g = _, _\ng2 = _, _',
    ['9:1: `g2` in `[role_definition]`: a model has one definition in each section, `g`'],
  ],
  [
    'a second graph used',
    'objMatch',
    'g2',
    [
      '14:50: `g2` is not accepted: a policy has one graph of roles, that of agents; use `g(r.sub, p.sub)`, and `objMatch(r.obj, p.obj)` for many resources',
    ],
  ],
  [
    'a second definition of requests',
    'r = sub, act, obj, ctx',
    'r = sub, act, obj, ctx\nr2 = sub, act, obj',
    ['3:1: `r2` in `[request_definition]`: a model has one definition in each section, `r`'],
  ],
  [
    'roles of four places',
    'g = _, _',
    'g = _, _, _, _',
    ['8:5: `_, _, _, _` is no definition of roles; expected `_, _`, or `_, _, _` with domains'],
  ],
  [
    'conditional roles',
    'g = _, _',
    'g = _, _, (_, _)',
    ['8:5: `_, _, (_, _)` is no definition of roles; expected `_, _`, or `_, _, _` with domains'],
  ],
  [
    'domains of roles and none of rows',
    'g = _, _',
    'g = _, _, _',
    ['14:5: `g(r.sub, p.sub)` is not accepted; expected `g(r.sub, p.sub, r.dom)`'],
  ],
  [
    'domains of requests and none of rows',
    'r = sub,',
    'r = sub, dom,',
    ['5:1: a request has a domain and a row has none; add the column `dom`'],
  ],
  [
    'domains of rows and none of requests',
    'p = sub,',
    'p = sub, dom,',
    [
      '14:106: `note(p.sub, p.act, p.obj, p.when, p.eft, p.then)` is not accepted; expected `note(p.sub, p.dom, p.act, p.obj, p.when, p.eft, p.then)`',
    ],
  ],
  [
    'another column',
    'eft, then\n',
    'eft, then, more\n',
    [
      '5:37: unknown column `more` of a row; known: `sub` `dom` `act` `obj` `when` `eft` `then` `purpose` `on_behalf_of`',
    ],
  ],
  ['a column twice', 'eft, then\n', 'eft, then, when\n', ['5:37: the column `when` stands twice']],
  [
    'a column with a misspelt name',
    'when, eft, then\n',
    'wen, eft, then\n',
    ['5:20: unknown column `wen` of a row; did you mean `when`'],
  ],
  [
    'a priority column',
    'p = sub',
    'p = priority, sub',
    [
      '5:5: a column `priority` is not accepted: the order of rows would decide; a deny row overrides every allow row, so write that',
    ],
  ],
  [
    'a column of conditions for `eval`',
    'p = sub',
    'p = sub_rule',
    ['5:5: a column `sub_rule` is not accepted: it would hold code for `eval`; write conditions in a `when` column'],
  ],
  [
    'an empty column',
    'r = sub, act',
    'r = sub,, act',
    ['2:9: unknown column `` of a request; known: `sub` `dom` `act` `obj` `ctx`'],
  ],
  [
    'another name for a definition',
    'm = g',
    'matcher = g',
    [
      '14:1: `matcher` in `[matchers]`; expected `m = g(r.sub, p.sub) && actMatch(r.act, p.act) && objMatch(r.obj, p.obj)`',
      '15:1: section `[matchers]` is missing; expected for instance `m = g(r.sub, p.sub) && actMatch(r.act, p.act) && objMatch(r.obj, p.obj)`',
    ],
  ],
  [
    'a section missing',
    /\[policy_effect\]\ne = .*\n/,
    '',
    [
      '13:1: section `[policy_effect]` is missing; expected for instance `e = some(where (p.eft == allow)) && !some(where (p.eft == deny))`',
    ],
  ],
  [
    'a section misspelt',
    '[matchers]',
    '[matcher]',
    [
      '14:1: unknown section `matcher`; did you mean `matchers`',
      '15:1: section `[matchers]` is missing; expected for instance `m = g(r.sub, p.sub) && actMatch(r.act, p.act) && objMatch(r.obj, p.obj)`',
    ],
  ],
  ['a section twice', /$/, '[role_definition]\ng = _, _\n', ['16:1: `role_definition` is defined twice']],
  [
    'a line that is neither',
    /$/,
    'nonsense\n',
    ['15:1: `nonsense` is neither a section nor a definition; expected `[section]` or `key = value`'],
  ],
  ['brackets without end', 'm = g', `m = ${'('.repeat(40)}g`, ['14:21: brackets are nested deeper than 16']],
];
