import type { GuestEnd } from '../contracts/run-end.ts';
import { createAuditFiles } from '../powers/audit-file.ts';
import { createCarriedLabels } from '../powers/carried-labels.ts';
import { createClock } from '../powers/clock.ts';
import { createRandom } from '../powers/random.ts';
import { sleep } from '../powers/sleep.ts';
import type { MakeDecisionPoint } from './cell-policy.ts';
import { openGates } from '../runtime.ts';
import type { CellData, RunSeat } from '../runs/run-spec.ts';
import { openInProcess } from '../sandbox/broker.ts';
import type { CellContext } from '../sandbox/cell-worker.ts';
import { openInstance, type OpenInstance } from '../sandbox/instance.ts';

/** Opens the gates of one run, runs its guest in whatever cell it lives, and closes the gates. */
export async function runInCell(context: CellContext, makeDecisionPoint: MakeDecisionPoint): Promise<GuestEnd> {
  const {
    data,
    seat,
    ready,
    artefact,
    modules,
    process,
    limits,
    meter,
    thread,
    ledger,
    stop,
    notify,
    post,
    ask,
    feed,
  } = context;
  if (feed === undefined) throw new Error('the cell has no policy');
  const { plan, ahead } = data as CellData; // the host that started this cell made it, and the seat as well
  const powers = {
    ...{ clock: createClock(), random: createRandom(), files: createAuditFiles(), ledger, sleep, ask, feed },
    makeCarriedLabels: createCarriedLabels,
  };
  const gates = await openGates(plan, Object.keys(artefact.imports), { ...powers, makeDecisionPoint }, post);
  const shape = { artefact, imports: gates.imports, limits, meter, stop, notify };
  const open = (when: 'ahead' | 'for a run'): OpenInstance =>
    process === undefined
      ? openInstance({ ...shape, modules, thread }, when)
      : openInProcess({ ...shape, ...process }, when);
  try {
    const instance = ahead ? open('ahead') : undefined;
    if (ahead) gates.rehearse();
    ready((await instance?.made) ?? true);
    const run = (await seat) as RunSeat;
    gates.seat(run);
    return await (instance ?? open('for a run')).run(run.input);
  } finally {
    await gates.close();
  }
}
