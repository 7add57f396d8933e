import type { CommandSpec } from './command.ts';
import { approveDeny } from './commands/approve-deny.ts';
import { approveGrant } from './commands/approve-grant.ts';
import { approveList } from './commands/approve-list.ts';
import { approveShow } from './commands/approve-show.ts';
import { approveWatch } from './commands/approve-watch.ts';
import { auditShow } from './commands/audit-show.ts';
import { auditVerify } from './commands/audit-verify.ts';
import { build } from './commands/build.ts';
import { doctor } from './commands/doctor.ts';
import { inspect } from './commands/inspect.ts';
import { policyBudgets } from './commands/policy-budgets.ts';
import { policyCheck } from './commands/policy-check.ts';
import { policyDiff } from './commands/policy-diff.ts';
import { policyExplain } from './commands/policy-explain.ts';
import { policyHistory } from './commands/policy-history.ts';
import { policyRollback } from './commands/policy-rollback.ts';
import { policyShow } from './commands/policy-show.ts';
import { prepare } from './commands/prepare.ts';
import { run } from './commands/run.ts';
import { secretsCheck } from './commands/secrets-check.ts';
import { secretsList } from './commands/secrets-list.ts';

/** Every verb, in the order of `--help`. */
export const COMMANDS: readonly CommandSpec[] = [
  build,
  inspect,
  prepare,
  run,
  policyCheck,
  policyExplain,
  policyBudgets,
  policyHistory,
  policyShow,
  policyDiff,
  policyRollback,
  approveList,
  approveShow,
  approveGrant,
  approveDeny,
  approveWatch,
  auditShow,
  auditVerify,
  secretsList,
  secretsCheck,
  doctor,
];
