import type { RunLogState } from '../audit/run-log.ts';
import type { Program } from '../contracts/program.ts';
import type { RawPrice } from '../manifest/manifest-section.ts';
import type { RunLimits } from '../contracts/limits.ts';
import type { GuestWorld } from '../contracts/guest-world.ts';
import type { Principal, RunFacts } from '../contracts/principal.ts';
import type { GateSettings } from '../configuration/settings.ts';
import type { Surroundings } from '../wasi/cli.ts';

/** An agent in the chain of callers: nothing happens below it that its own rules do not allow. */
export interface Caller {
  readonly principal: Principal;
  readonly facts: RunFacts;
}

/**
 * What a cell needs to make its gates, whatever run they will serve: plain data, cloned into the worker. The policy is not
 * a part of it: that may change while the cell lives, and comes by a line of its own.
 */
export interface CellPlan {
  /** `agent:NAME`. */
  readonly agent: string;
  /** The first caller first; nobody for a run that was started from outside. */
  readonly callers: readonly Caller[];
  readonly settings: GateSettings;
  /** Passwords of databases by the environment variable that holds them. In no record, and never in the guest. */
  readonly passwords: ReadonlyMap<string, string>;
  readonly limits: RunLimits;
  readonly program: Program;
  readonly world: GuestWorld;
  /** Labels of data; nothing where the configuration has no labels at all. */
  readonly labels: LabelPlan | undefined;
  /** Also where no rule gives so much and no more: one may come while the cell lives. */
  readonly budgets: BudgetPlan;
}

/** What the labels of a run are made with. */
export interface LabelPlan {
  /** From the least to the most sensitive. */
  readonly order: readonly [string, ...string[]];
  /** Where labels are kept that were written along. */
  readonly file: string;
}

/** Where counters are kept, and what things cost. */
export interface BudgetPlan {
  readonly directory: string;
  readonly prices: readonly RawPrice[];
}

/** The secrets of a run, for its cell alone: values by name. */
export type SecretValues = ReadonlyMap<string, string>;

/** The run that takes its place in a cell. */
export interface RunSeat {
  readonly run: string;
  readonly principal: Principal;
  readonly facts: RunFacts;
  readonly log: RunLogState;
  readonly input: string;
  readonly surroundings: Surroundings;
  /** The rank of what it is given: 0, or the label of whoever calls it. */
  readonly label: number;
  /** Secrets that its gates may use, by name. In no record, and never in the guest. */
  readonly secrets?: SecretValues;
}

/** What a cell is opened with. */
export interface CellData {
  readonly plan: CellPlan;
  /** Whether the instance is made before the run is there, at the cost of a pool. */
  readonly ahead: boolean;
}
