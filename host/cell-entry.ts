import { createAuditFiles } from './powers/audit-file.ts';
import { createClock } from './powers/clock.ts';
import { createRandom } from './powers/random.ts';
import { sleep } from './powers/sleep.ts';
import { openGates } from './runtime.ts';
import type { RunSpec } from './run-spec.ts';
import { serveCell } from './sandbox/cell-worker.ts';
import { runInstance } from './sandbox/instance.ts';

serveCell(async ({ data, artefact, modules, limits, meter, ledger, stop, notify, post, ask }) => {
  const { plan, seat } = data as RunSpec; // the host that started this cell made it
  const powers = { clock: createClock(), random: createRandom(), files: createAuditFiles(), ledger, sleep, ask };
  const gates = await openGates(plan, Object.keys(artefact.imports), powers, post);
  try {
    gates.seat(seat);
    return await runInstance({
      artefact,
      modules,
      imports: gates.imports,
      input: seat.input,
      limits,
      meter,
      stop,
      notify,
    });
  } finally {
    await gates.close();
  }
});
