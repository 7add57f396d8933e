import type { RunLogState } from './audit/run-log.ts';
import type { RunLimits } from './contracts/limits.ts';
import type { Principal, RunFacts } from './contracts/principal.ts';
import type { GateSettings } from './settings.ts';
import type { PolicySlice } from './policy/policy-snapshot.ts';

/** Everything that a cell needs to make its gates: plain data, cloned into the worker. */
export interface RunSpec {
  readonly run: string;
  readonly principal: Principal;
  readonly facts: RunFacts;
  readonly policy: PolicySlice;
  readonly log: RunLogState;
  readonly settings: GateSettings;
  readonly limits: RunLimits;
  readonly input: string;
  /** For WASI: what the configuration gives the agent. */
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
}
