import { limitNamed, type RunLimits } from '../contracts/limits.ts';
import type { GuestEnd, GuestFrames } from '../contracts/run-end.ts';
import type { Artefact } from './artefact.ts';
import { FRAME_CHARACTERS, STACK_FRAMES } from './guest-stack.ts';
import type { EndPhase, ModuleMap } from './instance.ts';
import type { FeedLine } from './live-feed.ts';

/** What a thread cell starts with: all that can be known before its run. */
export interface CellStart {
  readonly data: unknown;
  readonly artefact: Artefact;
  readonly limits: RunLimits;
  readonly meter: SharedArrayBuffer;
  readonly ledger: SharedArrayBuffer;
  /** Where what changes while the cell lives comes from. */
  readonly feed?: FeedLine;
  /** Of the socket to the guest's process; without one the guest lives in the cell itself. */
  readonly descriptor?: number;
}

/** From the supervisor to the cell. */
export type ToCell =
  | { readonly kind: 'start'; readonly start: CellStart }
  /** The run is there; `data` is the composition's own. */
  | { readonly kind: 'seat'; readonly data: unknown }
  | { readonly kind: 'modules'; readonly modules: ModuleMap }
  /** The guest's process has ended. */
  | { readonly kind: 'gone'; readonly end: GuestEnd }
  /** To `ask`. Not answered where the servant failed. */
  | { readonly kind: 'answer'; readonly id: number; readonly answered: true; readonly answer: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly answered: false }
  | { readonly kind: 'stop'; readonly end: GuestEnd };

/** From the cell to the supervisor. */
export type FromCell =
  /** Everything is done that can be done before the run is there. Not `made`, the cell can serve none. */
  | { readonly kind: 'ready'; readonly made: boolean }
  /** The composition's own message. */
  | { readonly kind: 'post'; readonly message: unknown }
  /** The composition's own request, to be answered within a time. */
  | { readonly kind: 'ask'; readonly id: number; readonly request: unknown; readonly timeoutMs: number }
  /** The guest starts, when its process has used so much CPU time. */
  | { readonly kind: 'started'; readonly cpuMs: number }
  /** How far the guest is. */
  | { readonly kind: EndPhase; readonly end: GuestEnd }
  /** The cell has closed its gates and returns. */
  | { readonly kind: 'done'; readonly end: GuestEnd; readonly cpuMs: number };

/** Checks what a cell says about its own end: known kinds and fields of known types, nothing else. */
export function parseGuestEnd(value: unknown): GuestEnd | undefined {
  const fields = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const text = (name: string): string => {
    const field: unknown = fields.get(name);
    return typeof field === 'string' ? field : '';
  };
  switch (fields.get('kind')) {
    case 'ok':
      return { kind: 'ok', output: text('output') };
    case 'agent-error':
      return { kind: 'agent-error', message: text('message') };
    case 'trap':
      return { kind: 'trap', message: text('message'), ...framesIn(fields.get('stack')) };
    case 'exit':
      return { kind: 'exit', code: exitCode(fields.get('code')), ...framesIn(fields.get('stack')) };
    case 'limit': {
      const limit = limitNamed(fields.get('limit'));
      if (limit === undefined) return undefined;
      return { kind: 'limit', limit, message: text('message'), ...framesIn(fields.get('stack')) };
    }
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'fault':
      return { kind: 'fault', message: text('message') };
    default:
      return undefined;
  }
}

/** Escaped before: to escape it again would double its backslashes. */
const isFrame = (frame: unknown): frame is string =>
  typeof frame === 'string' && frame.length <= FRAME_CHARACTERS && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(frame);

/** The frames of a stack, within the bounds that a cell keeps; nothing where it is anything else. */
function framesIn(value: unknown): { readonly stack?: GuestFrames } {
  if (!Array.isArray(value) || value.length === 0 || value.length > STACK_FRAMES) return {};
  const frames = value.filter(isFrame);
  return frames.length === value.length ? { stack: frames } : {};
}

/** What no program can end with counts as a failure. */
const exitCode = (code: unknown): number =>
  typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255 ? code : 1;
