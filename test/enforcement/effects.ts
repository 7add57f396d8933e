import type { ObligationName } from '../../host/contracts/decision.ts';
import { NO_ATTRIBUTES, type AccessRequest } from '../../host/contracts/request.ts';
import type { DriverResult, Effect } from '../../host/enforcement/effect.ts';
import type { Grant } from '../../host/enforcement/grant.ts';
import type { MemoryRun } from './in-memory.ts';

/** What the example driver performs. */
export interface Target {
  readonly line: string;
}

export const request = (line = 'hello'): AccessRequest<Target> => ({
  capability: 'log',
  accesses: [{ action: 'log:write', resource: 'log:info', attributes: NO_ATTRIBUTES }],
  target: { line },
  summary: { bytes: line.length },
  payload: { line },
});

/** An effect whose driver notes that it ran and opens its grant. */
export function effectOf(
  run: MemoryRun,
  overrides: Partial<Effect<Target, string, string>> = {},
): Effect<Target, string, string> {
  return {
    capability: 'log',
    discharges: new Set<ObligationName>(),
    parse: () => {
      run.steps.push('parse');
      return request();
    },
    perform: (grant: Grant<Target>): DriverResult<string, string> => {
      run.steps.push('perform');
      return { status: 'ok', value: run.pipeline.redeem(grant).target.line };
    },
    ...overrides,
  };
}
