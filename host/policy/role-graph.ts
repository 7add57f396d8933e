import type { Row } from './policy-file.ts';
import { finish, type Steps } from './steps.ts';

/** Casbin follows at most this many links and says nothing about the rest: beyond it, a policy is refused. */
export const MAX_ROLE_LINKS = 10;

/** The role that every agent has. */
export const ANY_ROLE = 'role:any';

/** Who has which role, directly and through other roles. */
export interface RoleGraph {
  /** The subject, and every role that it has, `role:any` among them for an agent. Nearest first. */
  closure(subject: string): readonly string[];
  /** Roles given directly, in the order of the file. */
  direct(subject: string): readonly string[];
}

export type RoleLink = readonly [member: string, role: string];

/** How many links are taken up in one step. */
const LINKS_OF_A_STEP = 512;

export const createRoleGraph = (links: readonly RoleLink[]): RoleGraph => finish(roleGraphSteps(links));

export function* roleGraphSteps(links: readonly RoleLink[]): Steps<RoleGraph> {
  const given = new Map<string, string[]>();
  for (const [index, [member, role]] of links.entries()) {
    if (index % LINKS_OF_A_STEP === 0) yield;
    const roles = given.get(member);
    if (roles === undefined) given.set(member, [role]);
    else roles.push(role);
  }
  const direct = (subject: string): readonly string[] => given.get(subject) ?? [];
  function closure(subject: string): readonly string[] {
    const reached = new Set([subject, ...direct(subject)]);
    if (subject.startsWith('agent:')) reached.add(ANY_ROLE);
    // A set is walked in order and sees what is added on the way, so this ends when nothing new is reached.
    for (const member of reached) for (const role of direct(member)) reached.add(role);
    return [...reached];
  }
  return Object.freeze({ closure, direct });
}

type LinkRow = Row<RoleLink>;

/** How many members are looked at in one step. */
const MEMBERS_OF_A_STEP = 256;

/** Reports every row that closes a cycle, and the first row of every chain that is too long. */
export function* checkRoleGraph(
  rows: readonly LinkRow[],
  report: (row: LinkRow, message: string) => void,
): Steps<void> {
  const byMember = new Map<string, LinkRow[]>();
  for (const row of rows) {
    const [member] = row.cells;
    const known = byMember.get(member);
    if (known === undefined) byMember.set(member, [row]);
    else known.push(row);
  }
  const depths = new Map<string, number>();
  let members = 0;
  for (const member of byMember.keys()) {
    if (++members % MEMBERS_OF_A_STEP === 0) yield;
    yield* measure(member, byMember, depths, report);
  }
  for (const [member, depth] of depths) {
    const [row] = byMember.get(member) ?? [];
    // The link from an agent to `role:any` stands in no row, but counts.
    const tooLong = depth === MAX_ROLE_LINKS + 1 || (member === ANY_ROLE && depth === MAX_ROLE_LINKS);
    if (tooLong && row !== undefined) report(row, `a chain of roles is longer than ${MAX_ROLE_LINKS} links`);
  }
}

/** The longest chain of links above a member, without recursion: files decide how deep it is. */
function* measure(
  start: string,
  byMember: ReadonlyMap<string, readonly LinkRow[]>,
  depths: Map<string, number>,
  report: (row: LinkRow, message: string) => void,
): Steps<void> {
  if (depths.has(start)) return;
  const open = new Set([start]);
  const stack = [{ member: start, next: 0, depth: 0 }];
  let visits = 0;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (++visits % MEMBERS_OF_A_STEP === 0) yield;
    const row = byMember.get(top.member)?.[top.next++];
    if (row === undefined) {
      depths.set(top.member, top.depth);
      open.delete(top.member);
      stack.pop();
      const below = stack.at(-1);
      if (below !== undefined) below.depth = Math.max(below.depth, top.depth + 1);
      continue;
    }
    const [member, role] = row.cells;
    if (open.has(role))
      report(
        row,
        role === member
          ? `\`${role}\` is given to itself`
          : `this row closes a cycle: \`${role}\` already leads to \`${member}\``,
      );
    else if (depths.has(role)) top.depth = Math.max(top.depth, (depths.get(role) ?? 0) + 1);
    else {
      open.add(role);
      stack.push({ member: role, next: 0, depth: 0 });
    }
  }
}
