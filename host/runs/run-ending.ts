import { HostError } from '../contracts/errors.ts';
import { EXIT } from '../contracts/exit-code.ts';
import type { LabelRef } from '../contracts/decision.ts';
import type { Program } from '../contracts/program.ts';
import type { GuestEnd, GuestFrames, Usage } from '../contracts/run-end.ts';
import type { RunError, RunStatus } from '../contracts/run-result.ts';

export const NO_USAGE: Usage = { wallMs: 0, cpuMs: 0, peakLinearMemoryBytes: 0, hostCalls: 0 };

/** How a run ended, before its record is closed. */
export interface Ending {
  readonly status: RunStatus;
  readonly output?: string;
  readonly exitCode?: number;
  readonly error?: RunError;
  readonly usage: Usage;
  /** What the run has read, all together. */
  readonly label?: LabelRef;
  /** Nothing where the run ended before that was known. */
  readonly program?: Program;
}

/** An agent's own account of its failure is an answer, and may be no longer than one. */
export function bounded(end: GuestEnd, callBytes: number): GuestEnd {
  if (end.kind !== 'agent-error' || end.message.length <= callBytes) return end;
  const message = `the error has ${end.message.length} characters; the limit is ${callBytes} bytes`;
  return { kind: 'limit', limit: 'callBytes', message };
}

/** How a guest's end reads as that of a run. */
export function endingOf(end: GuestEnd): Omit<Ending, 'usage'> {
  switch (end.kind) {
    case 'ok':
      return { status: 'ok', output: end.output };
    case 'agent-error':
      return { status: 'agent-error', error: { code: 'agent-error', message: end.message } };
    case 'trap':
      return { status: 'agent-error', error: { code: 'trap', message: end.message, ...stackOf(end) } };
    case 'exit':
      return end.code === 0
        ? { status: 'ok', output: '', exitCode: 0 }
        : {
            status: 'agent-error',
            error: { code: 'exit', message: `the program ended with exit code ${end.code}`, ...stackOf(end) },
            exitCode: end.code,
          };
    case 'limit':
      return { status: 'limit', error: { code: 'limit', message: end.message, limit: end.limit, ...stackOf(end) } };
    case 'cancelled':
      return { status: 'agent-error', error: { code: 'cancelled', message: 'the run was cancelled' } };
    case 'fault':
      // Its text is for the operator alone: the result may be handed on.
      return { status: 'host-fault', error: { code: 'ERR_INTERNAL', message: 'a fault of the host ended the run' } };
  }
}

const stackOf = ({ stack }: { readonly stack?: GuestFrames }): { stack?: GuestFrames } =>
  stack === undefined ? {} : { stack };

/** How an error of the host reads as the end of a run. */
export function failureOf(error: unknown): Omit<Ending, 'usage'> {
  if (!(error instanceof HostError)) return endingOf({ kind: 'fault', message: String(error) });
  const { code, message } = error;
  switch (error.exit) {
    case EXIT.denied:
      return { status: 'denied', error: { code, message } };
    case EXIT.limit:
      return { status: 'limit', error: { code, message } };
    case EXIT.hostFault:
      return { status: 'host-fault', error: { code, message } };
    case EXIT.agentError:
      return { status: 'agent-error', error: { code, message } };
    default:
      return { status: 'invalid', error: { code, message } };
  }
}
