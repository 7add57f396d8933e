/** The one model that decides. Deny overrides; nothing matched denies; `note` stands last, so it sees the rows that match. */
export const DEFAULT_MODEL = `[request_definition]
r = sub, act, obj, ctx

[policy_definition]
p = sub, act, obj, when, eft, then

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = g(r.sub, p.sub) && actMatch(r.act, p.act) && objMatch(r.obj, p.obj) && when(r.ctx, p.when, p.eft) && note(p.sub, p.act, p.obj, p.when, p.eft, p.then)
`;
