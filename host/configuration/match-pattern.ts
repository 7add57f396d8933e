import type { MatchResource } from '../labels/resource-labels.ts';
import { matchesResource, parseResourcePattern } from '../policy/resource-pattern.ts';
import { splitCanonical } from '../policy/resource-parts.ts';

/** Matches canonical resources as rules do. */
export function matchPattern(text: string): MatchResource {
  const pattern = parseResourcePattern(text);
  return (resource) => {
    const parts = splitCanonical(resource);
    return parts !== undefined && matchesResource(pattern, parts);
  };
}
