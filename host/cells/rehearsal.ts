import type { RunLog } from '../contracts/audit-record.ts';
import type { CellPolicy } from './cell-policy.ts';
import type { Clock } from '../contracts/powers.ts';
import { NO_ATTRIBUTES } from '../contracts/request.ts';
import { createPipeline } from '../enforcement/enforce.ts';
import { createIds } from '../runs/ids.ts';

const TURNS = 3;

/**
 * Takes effects that do nothing through a pipeline of their own, so that the engine has compiled what the first real one
 * of a run needs. They are nobody's, reach no gate and no file, and are over before there is a run.
 */
export function rehearse(agent: string, policy: CellPolicy, clock: Clock): void {
  const [, action = 'fs:read', resource = '/'] = (policy.firstRow() ?? '').split(', ');
  const access = { action, resource: resource.replaceAll('*', 'x'), attributes: NO_ATTRIBUTES };
  let seq = 0;
  const log: RunLog = { append: () => (seq += 1) };
  const pipeline = createPipeline({
    ...{
      principal: { agent, roles: [], component: '' },
      facts: {},
      decisionPoint: policy.pointFor({}),
      log,
      clock,
      ids: createIds('rehearsal'),
    },
    observe: () => undefined,
    fault: () => undefined,
  });
  for (let turn = 0; turn < TURNS; turn += 1)
    pipeline.enforceNow({
      capability: 'fs',
      discharges: new Set(),
      parse: () => ({ capability: 'fs', accesses: [access], target: undefined, summary: {} }),
      perform(grant) {
        pipeline.redeem(grant);
        return { status: 'ok', value: undefined };
      },
    });
}
