import type { RunLimits } from '../contracts/limits.ts';
import type { Artefact } from './artefact.ts';

/**
 * What passes between the process of a guest and its broker. A frame is a length (four bytes, little endian), a byte that
 * says what it is, and what follows from that; values are written by their WIT types (`wire-codec.ts`).
 */

/** From the process to the broker. */
export const FROM_PROCESS = {
  /** The guest starts now: the token of the run (text), CPU time so far (f64, milliseconds). It comes first. */
  started: 1,
  /** Call number (u32), place in the import table (u16), pages of linear memory (u32), values. */
  call: 2,
  /** The guest dropped a handle (u32). It is not answered. */
  drop: 3,
  /** Pages (u32), instructions (u64, 0 where they are not counted), and the end as JSON (text). */
  end: 4,
  /** The instance is made. Sent once, and only where the job asks for it. */
  ready: 5,
} as const;

/** From the broker to the process. */
export const TO_PROCESS = {
  /** A `CellJob` as JSON (text); the bytes of its files follow the frame. */
  job: 1,
  /** Call number (u32), answer. */
  answer: 2,
  /** A token (text) that nobody could know before, and the input (text). */
  run: 3,
} as const;

/** What a process needs to make an instance of one component. It learns nothing else. */
export interface CellJob {
  readonly artefact: Artefact;
  readonly limits: RunLimits;
  /** Whether the instance is made before the run is there. */
  readonly ahead: boolean;
  /** Bytes of the glue, and of each module in the order of the artefact. */
  readonly glueBytes: number;
  readonly moduleBytes: readonly number[];
}

/** The descriptor of the socket in the process. Node itself never touches it. */
export const SOCKET = 3;

/** The longest frame: what a call may carry before it ends the run, and the words around it. */
export const mostFrameBytes = ({ callBytes }: Pick<RunLimits, 'callBytes'>): number => 4 * callBytes + 64 * 1024;

/** The most values in one frame: each is worth eight bytes, as everywhere at the border of the guest. */
export const mostValues = ({ callBytes }: Pick<RunLimits, 'callBytes'>): number => Math.ceil((4 * callBytes) / 8);
