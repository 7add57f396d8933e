import type { HostManifest } from '../manifest/host-section.ts';

/** The groups of a person, `group:NAME`, sorted; `undefined` where the configuration names no groups. */
export function groupsOf({ groups }: Pick<HostManifest, 'groups'>, user: string): readonly string[] | undefined {
  if (groups === undefined) return undefined;
  return [...groups].flatMap(([name, people]) => (people.has(user) ? [`group:${name}`] : [])).sort();
}
