import type { ApprovalScope } from '../contracts/approval.ts';
import type { Question, Vote } from './question.ts';

/** Who may say yes. */
export interface Electorate {
  /** `user:NAME` by the name that `approve=` gives. */
  readonly approvers: ReadonlyMap<string, readonly string[]>;
  /** Whether somebody may approve what an agent does on his own behalf. */
  readonly self: boolean;
}

/** How a question stands. */
export type Verdict =
  /** `missing`: roles of which nobody has said yes yet. */
  | { readonly status: 'open'; readonly missing: readonly string[] }
  | { readonly status: 'granted'; readonly by: readonly string[]; readonly scope: ApprovalScope }
  | { readonly status: 'denied'; readonly by: string }
  | { readonly status: 'expired' };

type Asked = Pick<Question, 'roles' | 'onBehalfOf' | 'expiresMs'>;

/** Why somebody's answer does not count, or nothing. */
export function barredBy(
  person: string,
  { roles, onBehalfOf }: Asked,
  { approvers, self }: Electorate,
): 'no-approver' | 'own-agent' | undefined {
  if (!roles.some((role) => approvers.get(role)?.includes(person) === true)) return 'no-approver';
  return !self && onBehalfOf.includes(person) ? 'own-agent' : undefined;
}

/** Judges what people said. A vote that somebody wrote who may not, or too late, is none. */
export function judge(asked: Asked, votes: readonly Vote[], electorate: Electorate, nowMs: number): Verdict {
  const counted = votes.filter(
    ({ person, verdict, atMs }) =>
      atMs < asked.expiresMs &&
      // Who may not say yes to his own agent may well say no.
      barredBy(person, asked, verdict === 'no' ? { ...electorate, self: true } : electorate) === undefined,
  );
  const no = counted.find(({ verdict }) => verdict === 'no');
  if (no !== undefined) return { status: 'denied', by: no.person };
  if (nowMs >= asked.expiresMs) return { status: 'expired' };
  const people = counted.filter(({ verdict }) => verdict === 'yes').map(({ person }) => person);
  const { seats, missing } = seated(asked.roles, people, electorate);
  if (missing.length > 0) return { status: 'open', missing };
  const by = [...seats.values()].sort();
  const broad = counted.every(({ person, scope }) => !by.includes(person) || scope === 'run');
  return { status: 'granted', by, scope: broad ? 'run' : 'once' };
}

/** Whether there are as many different people as a question needs. */
export function canBeGranted(asked: Asked, electorate: Electorate): boolean {
  const people = asked.roles
    .flatMap((role) => electorate.approvers.get(role) ?? [])
    .filter((person) => barredBy(person, asked, electorate) === undefined);
  return asked.roles.length > 0 && seated(asked.roles, people, electorate).missing.length === 0;
}

/**
 * Gives each role a person of its own, as far as there are any: a matching of roles and people (Kuhn). Somebody who could
 * speak for two roles speaks for the one that nobody else can.
 */
function seated(
  roles: readonly string[],
  people: readonly string[],
  { approvers }: Electorate,
): { readonly seats: ReadonlyMap<string, string>; readonly missing: readonly string[] } {
  const roleOf = new Map<string, string>();
  function seat(role: string, tried: Set<string>): boolean {
    const known = approvers.get(role) ?? [];
    for (const person of new Set(people)) {
      if (!known.includes(person) || tried.has(person)) continue;
      tried.add(person);
      const before = roleOf.get(person);
      if (before !== undefined && !seat(before, tried)) continue;
      roleOf.set(person, role);
      return true;
    }
    return false;
  }
  const missing = roles.filter((role) => !seat(role, new Set()));
  return { seats: new Map([...roleOf].map(([person, role]) => [role, person])), missing };
}
