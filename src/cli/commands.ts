import type { CommandSpec } from './command.ts';
import { auditShow } from './commands/audit-show.ts';
import { auditVerify } from './commands/audit-verify.ts';
import { build } from './commands/build.ts';
import { doctor } from './commands/doctor.ts';
import { inspect } from './commands/inspect.ts';
import { policyCheck } from './commands/policy-check.ts';
import { policyDiff } from './commands/policy-diff.ts';
import { policyExplain } from './commands/policy-explain.ts';
import { policyHistory } from './commands/policy-history.ts';
import { policyRollback } from './commands/policy-rollback.ts';
import { policyShow } from './commands/policy-show.ts';
import { prepare } from './commands/prepare.ts';
import { run } from './commands/run.ts';

/** Every verb, in the order of `--help`. */
export const COMMANDS: readonly CommandSpec[] = [
  build,
  inspect,
  prepare,
  run,
  policyCheck,
  policyExplain,
  policyHistory,
  policyShow,
  policyDiff,
  policyRollback,
  auditShow,
  auditVerify,
  doctor,
];
