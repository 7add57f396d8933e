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
  lacking(): NoRoom | undefined;
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
  { bytes }: Obligations,
  fault: (error: unknown) => void,
): EffectRoom {
  return reservation === undefined && bytes === undefined ? FREE : new BoundedRoom(reservation, bytes, fault);
}

/** A class: one is made for each effect, and its methods are not. */
class BoundedRoom implements EffectRoom {
  readonly #reservation: Reservation | undefined;
  /** How many bytes one effect may move. */
  readonly #most: number | undefined;
  readonly #fault: (error: unknown) => void;
  #moved = 0;
  #lack: NoRoom | undefined;

  constructor(reservation: Reservation | undefined, most: number | undefined, fault: (error: unknown) => void) {
    this.#reservation = reservation;
    this.#most = most;
    this.#fault = fault;
  }

  get costSource(): CostSource | undefined {
    return this.#reservation?.costSource;
  }

  takeBytes(bytes: number): boolean {
    try {
      return this.#take(bytes);
    } catch (error) {
      this.#fault(error);
      this.#lack = UNKNOWN;
      return false;
    }
  }

  #take(bytes: number): boolean {
    if (!Number.isSafeInteger(bytes) || bytes < 0) return false;
    if (this.#most !== undefined && bytes > this.#most - this.#moved) {
      this.#lack = { detail: { bytes: this.#most } };
      return false;
    }
    const taken = this.#reservation?.takeBytes(bytes) ?? true;
    if (taken) this.#moved += bytes;
    else this.#lack = noRoomOf(this.#reservation);
    return taken;
  }

  lacking(): NoRoom | undefined {
    return this.#lack;
  }

  reportCost(written: string): void {
    this.#reservation?.reportCost(written);
  }

  release(performed: boolean): { readonly [name: string]: Json } {
    const used = this.#settle(performed);
    return this.#most === undefined ? used : { bytes: this.#moved, ...used };
  }

  #settle(performed: boolean): { readonly [name: string]: Json } {
    try {
      return this.#reservation?.settle({ performed }) ?? {};
    } catch (error) {
      this.#fault(error); // what was reserved stays taken
      return {};
    }
  }
}

function noRoomOf(reservation: Reservation | undefined): NoRoom {
  const exhausted = reservation?.lacking();
  return exhausted === undefined ? UNKNOWN : noRoom(exhausted);
}
