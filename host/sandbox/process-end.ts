import type { RunLimits } from '../contracts/limits.ts';
import type { Program } from '../contracts/program.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import { parseGuestEnd } from './cell-message.ts';
import { withoutPaths } from './printable.ts';
import { WireError } from './wire-reader.ts';

/**
 * What the process of a guest says about its end: known kinds and fields, texts within their bounds. Programs return exit
 * codes, agents do not; `cancelled` is nothing that happens in the process.
 */
export function parseProcessEnd(json: string, program: Program, limits: Pick<RunLimits, 'callBytes'>): GuestEnd {
  const end = parseGuestEnd(parsed(json));
  switch (end?.kind) {
    case 'ok':
      if (end.output.length <= limits.callBytes) return end;
      return {
        kind: 'limit',
        limit: 'callBytes',
        message: `the answer has ${end.output.length} characters; the limit is ${limits.callBytes} bytes`,
      };
    case 'agent-error':
      return end;
    case 'trap':
    case 'limit':
    case 'fault':
      return { ...end, message: withoutPaths(end.message) };
    case 'exit':
      if (program !== 'agent') return end;
      throw new WireError('an end that is none');
    case 'cancelled':
    case undefined:
      throw new WireError('an end that is none');
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new WireError('an end that is not JSON');
  }
}
