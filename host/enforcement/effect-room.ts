import { isExhausted, type Budgets, type CostSource, type Exhausted, type Reservation } from '../contracts/budget.ts';
import type { Obligations } from '../contracts/decision.ts';
import type { Principal } from '../contracts/principal.ts';
import type { Json } from '../contracts/request.ts';
import { recordedTerm } from './recorded-obligations.ts';

/** Why there is no room: for the record and the operator. */
export interface NoRoom {
  readonly detail: { readonly [key: string]: Json };
  readonly retryAfterMs?: number;
}

/** The room of one effect: what its budgets and its own bounds give it. Never throws. */
export interface EffectRoom {
  /** Takes room for bytes before they move. False: they must not move. */
  takeBytes(bytes: number): boolean;
  /** Why the last bytes found no room. */
  readonly lacking: () => NoRoom | undefined;
  readonly costSource: CostSource | undefined;
  reportCost(written: string): void;
  /** Gives back what was not used, once. Answers what the record shows of it. */
  release(performed: boolean): { readonly [name: string]: Json };
}

export interface RoomPowers {
  readonly budgets: Budgets | undefined;
  readonly principal: Principal;
  readonly fault: (error: unknown) => void;
}

/** Takes room for one effect, if its rules give only so much. */
export function takeRoom(
  obligations: Obligations,
  { action, resource }: { readonly action: string; readonly resource: string },
  { budgets, principal, fault }: RoomPowers,
): EffectRoom | NoRoom {
  const terms = obligations.budgets;
  if (terms === undefined || budgets === undefined) return roomOf(undefined, obligations, fault);
  try {
    const answer = budgets.reserve({ terms, principal, action, resource });
    return isExhausted(answer) ? noRoom(answer) : roomOf(answer, obligations, fault);
  } catch (error) {
    fault(error); // counters that cannot be kept: what they bound does not happen
    return UNKNOWN;
  }
}

export const isNoRoom = (answer: EffectRoom | NoRoom): answer is NoRoom => 'detail' in answer;

const UNKNOWN: NoRoom = { detail: { budget: 'cannot be kept' } };

function noRoom({ exhausted, retryAfterMs, because }: Exhausted): NoRoom {
  const later = retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) };
  const detail = { budget: recordedTerm(exhausted), ...(because === undefined ? {} : { because }), ...later };
  return { detail, ...later };
}

/** Nothing to give back, and nothing to bound. */
const FREE: EffectRoom = Object.freeze({
  takeBytes: () => true,
  lacking: () => undefined,
  costSource: undefined,
  reportCost: () => undefined,
  release: () => ({}),
});

function roomOf(
  reservation: Reservation | undefined,
  { bytes: most }: Obligations,
  fault: (error: unknown) => void,
): EffectRoom {
  if (reservation === undefined && most === undefined) return FREE;
  let moved = 0;
  let lack: NoRoom | undefined;

  function take(bytes: number): boolean {
    if (!Number.isSafeInteger(bytes) || bytes < 0) return false;
    if (most !== undefined && bytes > most - moved) {
      lack = { detail: { bytes: most } };
      return false;
    }
    const taken = reservation?.takeBytes(bytes) ?? true;
    if (taken) moved += bytes;
    else lack = noRoomOf(reservation);
    return taken;
  }

  return Object.freeze({
    takeBytes(bytes: number): boolean {
      try {
        return take(bytes);
      } catch (error) {
        fault(error);
        lack = UNKNOWN;
        return false;
      }
    },
    lacking: () => lack,
    costSource: reservation?.costSource,
    reportCost: (written: string) => reservation?.reportCost(written),
    release(performed: boolean): { readonly [name: string]: Json } {
      const own = most === undefined ? {} : { bytes: moved };
      try {
        return { ...own, ...reservation?.settle({ performed }) };
      } catch (error) {
        fault(error); // what was reserved stays taken
        return own;
      }
    },
  });
}

function noRoomOf(reservation: Reservation | undefined): NoRoom {
  const exhausted = reservation?.lacking();
  return exhausted === undefined ? UNKNOWN : noRoom(exhausted);
}
