import type { DecisionPoint } from '../contracts/decision-point.ts';
import type { Decision, PolicyRef } from '../contracts/decision.ts';
import type { RunFacts } from '../contracts/principal.ts';
import { intersectionOf, type ChainLink } from '../policy/intersection.ts';
import { unpackSlice, type PackedSlice } from '../policy/packed-slice.ts';
import type { PolicySlice } from '../policy/policy-snapshot.ts';
import { createReach, type Reach } from '../policy/reach.ts';
import type { CellPlan } from '../runs/run-spec.ts';
import type { FeedReader } from '../sandbox/live-feed.ts';

/** Makes the decision point of an agent, or gives one that was made before for the same policy. */
export type MakeDecisionPoint = (slice: PolicySlice, agent: string) => DecisionPoint;

/** The policy in a cell: what is in force now, whatever it was when the cell was opened. */
export interface CellPolicy {
  /**
   * Decides what the agent may do in a run with these facts: all that its own rules allow and those of every caller. Each
   * decision is made under one snapshot, the newest; where that has not come yet, or cannot be used, it is a denial.
   */
  pointFor(facts: RunFacts): DecisionPoint;
  /** Whether agent and callers could be allowed this at all, whatever the arguments and the time. */
  readonly mayReach: Reach;
  /** Called whenever another snapshot may be in force and the thread is free. */
  readonly onChange: (listener: () => void) => void;
  /** The first row of the agent, for whoever needs any. */
  firstRow(): string | undefined;
}

/** One snapshot: the slices of the agent and of its callers, the nearest first, and what is made of them on first use. */
interface Snapshot {
  readonly generation: number;
  readonly slices: readonly PolicySlice[];
  readonly ref: PolicyRef;
  points?: readonly DecisionPoint[];
  reaches?: readonly Reach[];
}

/** Makes the policy of one cell. Throws where no snapshot has come with it. */
export function createCellPolicy(
  plan: Pick<CellPlan, 'agent' | 'callers'>,
  feed: Pick<FeedReader, 'current' | 'onChange'>,
  makeDecisionPoint: MakeDecisionPoint,
): CellPolicy {
  const callers = plan.callers.toReversed();
  let last: Snapshot | undefined;

  /** The snapshot in force; `undefined` where it has not come yet. */
  function receive(): Snapshot | undefined {
    const edition = feed.current();
    if (edition === undefined || edition.generation === last?.generation) return edition && last;
    // The supervisor publishes the slices of exactly the principals that this cell was opened for.
    const slices = (edition.value as readonly PackedSlice[]).map(unpackSlice);
    const [own] = slices;
    if (own === undefined) throw new TypeError('an edition without a slice');
    return (last = { generation: edition.generation, slices, ref: own.ref });
  }

  /** The newest that has come. */
  function newest(): Snapshot {
    const current = receive() ?? last;
    if (current === undefined) throw new Error('the cell has no policy');
    return current;
  }
  newest();

  const pointsOf = (current: Snapshot): readonly DecisionPoint[] =>
    (current.points ??= current.slices.map((slice) => makeDecisionPoint(slice, slice.agent)));
  const reachesOf = (current: Snapshot): readonly Reach[] => (current.reaches ??= current.slices.map(createReach));

  function chainOf(current: Snapshot, facts: RunFacts): DecisionPoint {
    const [own, ...others] = pointsOf(current);
    if (own === undefined || others.length !== callers.length) throw new TypeError('a chain without its slices');
    const links = others.flatMap((decisionPoint, index): ChainLink[] => {
      const caller = callers[index];
      return caller === undefined ? [] : [{ agent: caller.principal.agent, facts: caller.facts, decisionPoint }];
    });
    return intersectionOf([{ agent: plan.agent, facts, decisionPoint: own }, ...links]);
  }

  const unavailable = (): Decision => ({
    effect: 'deny',
    reason: 'policy-unavailable',
    rules: [],
    access: 0,
    policy: newest().ref,
  });

  return Object.freeze({
    pointFor(facts: RunFacts): DecisionPoint {
      let made: { readonly of: Snapshot; readonly point: DecisionPoint } | undefined;
      return Object.freeze({
        get policy() {
          return newest().ref;
        },
        decide(...question: Parameters<DecisionPoint['decide']>): Decision {
          const current = receive();
          if (current === undefined) return unavailable();
          if (made?.of !== current) {
            try {
              made = { of: current, point: chainOf(current, facts) };
            } catch {
              return unavailable(); // rules that cannot be compiled allow nothing
            }
          }
          return made.point.decide(...question);
        },
      });
    },
    mayReach(action: string, resource: string): boolean {
      const current = receive();
      return current !== undefined && reachesOf(current).every((reach) => reach(action, resource));
    },
    onChange: (listener: () => void) => feed.onChange(listener),
    firstRow: () => newest().slices[0]?.rows[0],
  });
}
