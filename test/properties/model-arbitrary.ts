import fc from 'fast-check';

/** A model of the accepted subset, in words, and a policy that fits it. */
export interface ModelCase {
  readonly model: string;
  readonly columns: readonly string[];
  readonly request: readonly string[];
  readonly roles: 'none' | 'global' | 'domain';
  readonly notes: boolean;
  /** Each row without its `p`, in the columns of the model. */
  readonly rows: readonly (readonly string[])[];
  readonly links: readonly (readonly string[])[];
}

export const DOMAINS = ['prod', 'test'];
export const MODEL_AGENTS = ['agent:a', 'agent:b', 'agent:c'];
const ROLES = ['role:x', 'role:y', 'role:z'];

interface Shape {
  readonly columns: readonly string[];
  readonly request: readonly string[];
  readonly roles: ModelCase['roles'];
  readonly exact: { readonly act: boolean; readonly obj: boolean };
  readonly constants: readonly string[];
  readonly notes: boolean;
  readonly bothEffects: boolean;
}

const shape: fc.Arbitrary<Shape> = fc
  .record({
    optional: fc.subarray(['dom', 'when', 'eft', 'then', 'purpose', 'on_behalf_of']),
    roles: fc.constantFrom<ModelCase['roles']>('none', 'global', 'domain'),
    act: fc.boolean(),
    obj: fc.boolean(),
    constants: fc.subarray(['r.ctx.env == "prod"', '"audit" != r.ctx.purpose', 'r.ctx.on_behalf_of == "user:ada"'], {
      maxLength: 1,
    }),
    notes: fc.boolean(),
    bothEffects: fc.boolean(),
  })
  .chain(({ optional, roles, act, obj, constants, notes, bothEffects }) => {
    const dom = roles === 'domain' || optional.includes('dom');
    const all = ['sub', 'act', 'obj', ...optional.filter((name) => name !== 'dom'), ...(dom ? ['dom'] : [])];
    const order = (names: readonly string[]) =>
      fc.shuffledSubarray([...names], { minLength: names.length, maxLength: names.length });
    return fc.record({
      columns: order(all),
      request: order(['sub', 'act', 'obj', 'ctx', ...(dom ? ['dom'] : [])]),
      roles: fc.constant(roles),
      exact: fc.constant({ act, obj }),
      constants: order(constants),
      notes: fc.constant(notes),
      bothEffects: fc.constant(bothEffects),
    });
  });

function termOf(column: string, { roles, exact, columns }: Shape): readonly string[] {
  switch (column) {
    case 'sub':
      return [{ none: 'r.sub == p.sub', global: 'g(r.sub, p.sub)', domain: 'g(r.sub, p.sub, r.dom)' }[roles]];
    case 'dom':
      return ['p.dom == r.dom'];
    case 'act':
      return [exact.act ? 'r.act == p.act' : 'actMatch(r.act, p.act)'];
    case 'obj':
      return [exact.obj ? 'r.obj == p.obj' : 'objMatch(r.obj, p.obj)'];
    case 'when':
      return [columns.includes('eft') ? 'when(r.ctx, p.when, p.eft)' : 'when(r.ctx, p.when)'];
    case 'purpose':
    case 'on_behalf_of':
      return [`r.ctx.${column} == p.${column}`];
    default:
      return [];
  }
}

function textOf(own: Shape, terms: readonly string[]): string {
  const { columns, request, roles, notes, bothEffects } = own;
  const all = notes ? [...terms, `note(${columns.map((name) => `p.${name}`).join(', ')})`] : terms;
  const deny = columns.includes('eft') || bothEffects ? ' && !some(where (p.eft == deny))' : '';
  return [
    `[request_definition]\nr = ${request.join(', ')}`,
    `[policy_definition]\np = ${columns.join(', ')}`,
    ...(roles === 'none' ? [] : [`[role_definition]\ng = ${roles === 'domain' ? '_, _, _' : '_, _'}`]),
    `[policy_effect]\ne = some(where (p.eft == allow))${deny}`,
    `[matchers]\nm = ${all.join(' && ')}\n`,
  ].join('\n\n');
}

function cell(column: string, { roles, exact }: Shape): fc.Arbitrary<string> {
  switch (column) {
    case 'sub':
      return fc.constantFrom('agent:a', ...MODEL_AGENTS, ...(roles === 'none' ? [] : [...ROLES, ...ROLES, 'role:any']));
    case 'act':
      return fc.constantFrom('fs:read', 'fs:write', ...(exact.act ? [] : ['fs:*']));
    case 'obj':
      return fc.constantFrom('/w/a', '/w/a', '/w/b/c', ...(exact.obj ? [] : ['/w/*', '/w/**']));
    case 'dom':
      return fc.constantFrom(...DOMAINS);
    case 'purpose':
      return fc.constantFrom('triage', 'audit');
    case 'on_behalf_of':
      return fc.constantFrom('user:ada', 'user:bob');
    case 'when':
      return fc.constantFrom(
        '-',
        '-',
        'purpose=triage',
        'env!=prod',
        'arg.size<=9',
        'arg.size<=9 purpose=triage|audit',
      );
    case 'eft':
      return fc.constantFrom('allow', 'allow', 'allow', 'deny', 'deny');
    default:
      return fc.constantFrom('-', '-', 'timeout=5s', 'rows=3');
  }
}

/** Roles lead from agents to `x`, `y`, `z`, and from an earlier one to a later. */
const link = (roles: Shape['roles']): fc.Arbitrary<readonly string[]> =>
  fc
    .tuple(
      fc.constantFrom(...MODEL_AGENTS, ...ROLES.slice(0, 2)),
      fc.constantFrom(...ROLES),
      fc.constantFrom(...DOMAINS),
    )
    .filter(([member, role]) => ROLES.indexOf(member) < ROLES.indexOf(role))
    .map((cells) => (roles === 'domain' ? cells : cells.slice(0, 2)));

export const modelCase: fc.Arbitrary<ModelCase> = shape.chain((own) => {
  const { columns, request, roles, notes } = own;
  const terms = [...columns.flatMap((column) => termOf(column, own)), ...own.constants];
  const at = (cells: readonly string[], name: string): string | undefined => cells[columns.indexOf(name)];
  const rows = fc.uniqueArray(fc.tuple(...columns.map((column) => cell(column, own))), {
    minLength: 6,
    maxLength: 12,
    size: 'max',
    selector: (cells) => cells.join(),
  });
  const links: fc.Arbitrary<readonly (readonly string[])[]> =
    roles === 'none' ? fc.constant([]) : fc.uniqueArray(link(roles), { maxLength: 8, selector: String });
  return fc
    .record({
      terms: fc.shuffledSubarray(terms, { minLength: terms.length, maxLength: terms.length }),
      rows,
      links,
    })
    .map(({ terms: shuffled, rows: drawn, links: given }) => {
      // What a deny row cannot carry, and roles that nobody has, are refused at load.
      const known = drawn
        .map((cells) =>
          cells.map((text, index) => (columns[index] === 'then' && at(cells, 'eft') === 'deny' ? '-' : text)),
        )
        .filter((cells) => {
          const [who = '', domain] = [at(cells, 'sub'), at(cells, 'dom')];
          const has = given.some(([, role, within]) => role === who && (within === undefined || within === domain));
          return !ROLES.includes(who) || has;
        });
      const distinct = [...new Map(known.map((cells) => [cells.join(), cells])).values()];
      return { model: textOf(own, shuffled), columns, request, roles, notes, rows: distinct, links: given };
    });
});
