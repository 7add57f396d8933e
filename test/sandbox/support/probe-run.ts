import type { GuestEnd } from '../../../host/contracts/run-end.ts';
import { openInProcess } from '../../../host/sandbox/broker.ts';
import type { CellContext } from '../../../host/sandbox/cell-worker.ts';
import { openInstance } from '../../../host/sandbox/instance.ts';
import { createProbe } from './probe.ts';

interface ProbeData {
  readonly input?: string;
  /** How long the cell takes to close, milliseconds. */
  readonly closing: number;
  /** Whether the instance is made before the run is there. */
  readonly ahead?: boolean;
}

/** Runs a guest with the probe as its only gate, in whatever cell it lives. */
export async function runWithProbe(context: CellContext): Promise<GuestEnd> {
  const { input, closing, ahead } = context.data as ProbeData; // see `cell.ts`
  const imports = createProbe((message) => {
    context.post(message);
  }, context.ledger);
  const { process } = context;
  const when = ahead === true ? 'ahead' : 'for a run';
  const instance =
    process === undefined
      ? openInstance({ ...context, imports }, when)
      : openInProcess({ ...context, ...process, imports }, when);
  context.ready(ahead !== true || (await instance.made));
  const seat = (await context.seat) as { readonly input?: string } | undefined; // as above
  const end = await instance.run(seat?.input ?? input ?? '');
  if (closing > 0) await new Promise((resolve) => setTimeout(resolve, closing));
  return end;
}
