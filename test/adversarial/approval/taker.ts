/** A process of its own that takes an answer as soon as it is told to: prints how that ended. */
import { createApprovalStore } from '../../../host/approval/approval-store.ts';
import { openApprovalTable } from '../../../host/powers/approval-database.ts';
import { createClock } from '../../../host/powers/clock.ts';
import { createProcessIdentity } from '../../../host/powers/process-identity.ts';
import { APPROVERS, questionOf } from '../../approval/bed.ts';

const [directory = '', id = '', asked = '0'] = process.argv.slice(2);
const askedMs = Number(asked);
const store = createApprovalStore({
  table: openApprovalTable(directory),
  processes: createProcessIdentity(),
  clock: createClock(),
  electorate: APPROVERS,
});
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  const answer = store.take(id, questionOf({ askedMs, expiresMs: askedMs + 60_000 }));
  process.stdout.write(`${answer?.status ?? 'nothing'}\n`);
  process.exit(0);
});
