import { parseResourcePattern, matchesResource, type ResourcePattern } from './resource-pattern.ts';
import { splitCanonical } from './resource-parts.ts';
import type { PolicySlice } from './policy-snapshot.ts';
import { actionCells, capabilityOf } from './vocabulary.ts';

/** Whether some request of this action on this resource could be allowed, whatever its arguments and the time. */
export type Reach = (action: string, resource: string) => boolean;

interface Row {
  readonly action: string;
  readonly pattern: ResourcePattern;
  readonly effect: 'allow' | 'deny';
  readonly unconditional: boolean;
}

/**
 * The upper bound of what a slice allows: an allow row fits, and no deny row without a condition does. For listings; a
 * decision is made by the decision point alone.
 */
export function createReach(slice: PolicySlice): Reach {
  const rows = slice.rows.map((text): Row => {
    const [, action = '', resource = '', when, effect] = text.split(', ');
    return {
      action,
      pattern: parseResourcePattern(resource),
      effect: effect === 'allow' ? 'allow' : 'deny',
      unconditional: when === '-',
    };
  });
  return (action, resource) => {
    const parts = splitCanonical(resource);
    if (parts === undefined) return false;
    const cells = actionCells(action);
    const fitting = rows.filter((row) => cells.includes(row.action) && matchesResource(row.pattern, parts));
    return (
      fitting.some(({ effect }) => effect === 'allow') &&
      !fitting.some(({ effect, unconditional }) => effect === 'deny' && unconditional)
    );
  };
}

/** Whether some rule allows an action of this capability (`http`, `fs`, …) at all. */
export type CapabilityReach = (capability: string) => boolean;

/** The upper bound of what a slice allows, by capability. For refusals at load; a decision is made by the decision point. */
export function createCapabilityReach(slice: PolicySlice): CapabilityReach {
  const allowed = slice.rows.flatMap((text) => {
    const [, action = '', , , effect] = text.split(', ');
    return effect === 'allow' ? [capabilityOf(action)] : [];
  });
  return (capability) => allowed.includes(capability);
}
