import type { DenialReason, LabelRef, ObligationName } from '../contracts/decision.ts';
import type { Denial } from '../contracts/denial.ts';
import type { RecordedOutcome } from '../contracts/audit-record.ts';
import type { Capability, Parsed } from '../contracts/request.ts';
import type { Pending } from '../contracts/pending.ts';
import type { Grant } from './grant.ts';

export type { Pending } from '../contracts/pending.ts';

/** What a driver reports for the record besides success or failure. */
export type OutcomeFacts = Omit<RecordedOutcome, 'status' | 'code' | 'durationUs'>;

/** How an effect ended that outlived the call. */
export type EffectEnd = { readonly code?: string; readonly facts: OutcomeFacts };

/** How a driver ends. It never throws for what the world may do; an exception is a fault of the host. */
export type DriverResult<Value, Failure> =
  | { readonly status: 'ok'; readonly value: Value; readonly facts?: OutcomeFacts; readonly label?: LabelRef }
  /** The guest has its value while the effect goes on, a stream: its end is reported later, once. */
  | { readonly status: 'begun'; readonly value: Value; readonly ended: (report: (end: EffectEnd) => void) => void }
  | {
      readonly status: 'failed';
      readonly failure: Failure;
      readonly code: string;
      readonly facts?: OutcomeFacts;
      /** The label of what the result tells, where it is known only now: a called agent has read it. */
      readonly label?: LabelRef;
      /** Nothing happened, so that its budgets are given back. */
      readonly nothingDone?: true;
    }
  /**
   * The driver found, before the effect, that the object is not what may be touched (an address, a link). `begun`: it found
   * that when something had happened already, so that its budgets are used.
   */
  | { readonly status: 'denied'; readonly reason: DenialReason; readonly begun?: true; readonly facts?: OutcomeFacts };

/** One effect on its way through the pipeline. */
export interface Effect<Target, Value, Failure> {
  readonly capability: Capability;
  /** The obligations that this gate can discharge. Any other on the decision denies. */
  readonly discharges: ReadonlySet<ObligationName>;
  /** Validates and canonicalises the guest's arguments. */
  readonly parse: () => Pending<Parsed<Target>>;
  readonly perform: (grant: Grant<Target>) => Pending<DriverResult<Value, Failure>>;
}

/** An effect whose parser and driver answer at once. */
export interface ImmediateEffect<Target, Value, Failure> extends Effect<Target, Value, Failure> {
  readonly parse: () => Parsed<Target>;
  readonly perform: (grant: Grant<Target>) => DriverResult<Value, Failure>;
}

/** What the gate maps to its own WIT error. `fault` is a fault of the host: the guest sees `internal`. */
export type Enforced<Value, Failure> =
  | { readonly status: 'ok'; readonly value: Value }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'denied'; readonly denial: Denial }
  | { readonly status: 'refused'; readonly text: string }
  | { readonly status: 'fault' };
