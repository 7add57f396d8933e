/** The only door of the host. */
export { openHost, type AgentChoice, type Host, type HostOptions, type RunOptions, type WarmOptions } from './host.ts';
export { openApprovals, type ApprovalsView } from './views/approval-view.ts';
export type { ShownQuestion } from './runs/shown-question.ts';
export type { OperatorReply } from './approval/approval-desk.ts';
export type { ApprovalScope } from './contracts/approval.ts';
export type { ToolCallContext, ToolFunction } from './runs/tool-function.ts';
export type { Json } from './contracts/request.ts';
export type { Principal } from './contracts/principal.ts';
export { auditDirectory, readAudit, verifyAudit, type AuditLocation, type ShownRecord } from './views/audit-view.ts';
export type { Inspection, InspectedImport } from './views/inspection.ts';
export type { BudgetCounter, BudgetQuestion } from './views/budget-view.ts';
export type { PreparedAhead } from './cells/prepared-ahead.ts';
export type { DenialHelp } from './views/denial-help.ts';
export type {
  AskedFacts,
  PolicyExplanation,
  PolicyExplanationRow,
  PolicyQuestion,
  PolicyReport,
} from './views/policy-view.ts';
export type { PolicyEvent, PolicyReload, PolicyStatus } from './live-policy/policy-event.ts';
export type { ReloadReason } from './live-policy/live-policy.ts';
export {
  openPolicyHistory,
  type PolicyDifference,
  type PolicyHistory,
  type PolicyLocation,
  type PolicySide,
  type Rollback,
  type ShownVersion,
} from './live-policy/policy-history.ts';
export type { PolicyVersion } from './policy/store/policy-store.ts';
export type { Direction, RowChange } from './policy/row-diff.ts';
export type { PolicyTestReport } from './live-policy/policy-test.ts';
export { reviewDatabases, type DatabaseReview } from './views/database-review.ts';
export {
  checkSecrets,
  listSecrets,
  type CheckedSecret,
  type SecretReport,
  type SecretsLocation,
  type SecretUse,
} from './views/secret-report.ts';
export { probePlatform, type PlatformCheck, type PlatformReport } from './platform.ts';
export type { HostPowers } from './host-powers.ts';
export type { Manifest } from './manifest/manifest.ts';
export type { DecisionEvent } from './enforcement/enforce.ts';
export type { Verification } from './audit/verify/run-file.ts';
export { configurationSchema, importMatrix, refusedInterfaces } from './configuration/configuration-schema.ts';
export type { ServedInterface, ServedFunction } from './contracts/served-interface.ts';
export { HostError, HOST_ERRORS, type HostErrorCode } from './contracts/errors.ts';
export { EXIT, type ExitCode } from './contracts/exit-code.ts';
export {
  EXIT_OF_STATUS,
  RUN_STATUSES,
  type RunResult,
  type RunStatus,
  type RunError,
  type DecisionCounts,
} from './contracts/run-result.ts';
export type { Program } from './contracts/program.ts';
export { CELL_KINDS, type CellKind } from './contracts/cell-kind.ts';
export type { Usage } from './contracts/run-end.ts';
export type { LogLevel } from './contracts/log-sink.ts';
export { escapeControl } from './contracts/escape.ts';
