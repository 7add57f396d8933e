import type { CellKind } from '../contracts/cell-kind.ts';
import type { RunLimits } from '../contracts/limits.ts';

/** Instructions of an agent on a shared thread where nothing is configured: it holds the thread for a second or so at most. */
const STANDARD_FUEL = 500_000_000;

/**
 * What living on a shared thread asks of an agent: somebody must have looked at it, and its instructions are counted,
 * because nothing else ends one that holds the thread of all.
 */
export function limitsFor(
  cell: CellKind,
  digest: string | undefined,
  limits: RunLimits,
  problem: (message: string) => void,
): RunLimits {
  if (cell !== 'shared') return limits;
  if (digest === undefined)
    problem('`shared` needs the `digest` of the component: what lives beside others must be known');
  return Object.freeze({ ...limits, fuel: limits.fuel ?? STANDARD_FUEL });
}
