import type { RoleManager } from 'casbin';

/** The roles of one agent, as Casbin's matcher function `g` asks for them. They never change: a reload makes others. */
export function createFixedRoles(subjects: readonly string[]): RoleManager {
  const [agent, ...roles] = subjects;
  const held: ReadonlySet<string> = new Set(roles);
  const refuse = (): Promise<never> => Promise.reject(new TypeError('the roles of a policy in force are not changed'));
  return Object.freeze({
    syncedHasLink(member: string, role: string, ...domain: string[]): boolean {
      if (domain.length > 0) throw new TypeError('roles have no domains');
      return member === role || (member === agent && held.has(role));
    },
    // Only `enforceSync` is used, and it asks nothing else.
    hasLink: refuse,
    clear: refuse,
    addLink: refuse,
    deleteLink: refuse,
    getRoles: refuse,
    getUsers: refuse,
    printRoles: refuse,
    getDomains: refuse,
    getAllDomains: refuse,
  });
}
