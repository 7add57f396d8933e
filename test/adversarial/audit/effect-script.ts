import { appendFileSync } from 'node:fs';
import { request } from 'node:http';
import { openRunLog } from '../../../host/audit/run-log.ts';
import { createAuditFiles } from '../../../host/powers/audit-file.ts';
import { createClock } from '../../../host/powers/clock.ts';

/** Does effects for ever, each after its intent: what `sigkill.test.ts` kills. Arguments: folder, run, port. */
const [directory = '', run = '', port = ''] = process.argv.slice(2);
const log = openRunLog({
  directory,
  run,
  log: 'local',
  sync: 'write',
  clock: createClock(),
  files: createAuditFiles(),
});
log.append({ type: 'run.opened' });

const who = {
  principal: { agent: 'agent:a', roles: ['role:any'], component: 'sha256:0' },
  policy: { digest: 'sha256:0', generation: 0 },
};
for (let number = 0; ; number += 1) {
  const intent = log.append({
    type: 'effect.intended',
    ...who,
    action: 'http:GET',
    resource: `effect-${number}`,
    request: { digest: '0', filler: 'f'.repeat(number % 1000) },
    decision: { effect: 'allow', id: `d-${number}`, rules: ['r-1'] },
  });
  if (number % 8 === 0) await count(number);
  else appendFileSync(`${directory}/${run}.effects`, `effect-${number}\n`);
  log.append({ type: 'effect.settled', intent, outcome: { status: 'ok' } });
}

function count(number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: Number(port), path: `/effect-${number}` }, (response) => {
      response.resume().once('end', resolve);
    });
    sent.once('error', reject).end();
  });
}
