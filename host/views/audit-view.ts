import { isAbsolute, resolve } from 'node:path';
import { readManifest } from '../configuration/configuration.ts';
import { findRun, readRunRecords, type RunRecord } from '../audit/run-record.ts';
import { verifyRunFile, type Verification } from '../audit/verify/run-file.ts';
import { createHostPowers, type HostPowers } from '../host-powers.ts';

/** Where records are looked for. */
export interface AuditLocation {
  readonly directory: string;
  /** Where relative paths start. */
  readonly workingDirectory: string;
}

/** One record as a table shows it. */
export interface ShownRecord {
  /** The line as it stands in the file. */
  readonly json: string;
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly gate: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: string;
  readonly outcome: string;
  readonly rules: string;
  /** Who acts, for whom and why, and through whom: `agent:b, called by agent:a, on behalf of user:x, purpose p`. Empty if not said. */
  readonly who: string;
}

/** The audit directory of a configuration. The policy is not read: records outlive it. */
export function auditDirectory(
  options: { readonly configuration: string; readonly workingDirectory: string },
  powers: HostPowers = createHostPowers(),
): string {
  return readManifest(options.configuration, options.workingDirectory, powers).manifest.audit.directory;
}

/** Reads the record of a run: an id, its beginning, `latest`, or a path. Nothing is proven: that is `verifyAudit`. */
export function readAudit(
  location: AuditLocation,
  reference: string,
  powers: HostPowers = createHostPowers(),
): { readonly file: string; readonly records: readonly ShownRecord[] } {
  const file = fileOf(location, reference, powers);
  const records = [...readRunRecords(powers.auditFiles.read(file))].flatMap(({ text, record }) =>
    record === undefined ? [] : [shown(text, record)],
  );
  return { file, records };
}

/** Verifies the record of a run. */
export function verifyAudit(
  location: AuditLocation,
  reference: string,
  powers: HostPowers = createHostPowers(),
): { readonly file: string; readonly verification: Verification } {
  const file = fileOf(location, reference, powers);
  return { file, verification: verifyRunFile(powers.auditFiles.read(file)) };
}

function fileOf(
  { directory, workingDirectory }: AuditLocation,
  reference: string,
  { auditFiles, probe }: HostPowers,
): string {
  const isPath = reference.includes('/') || reference.endsWith('.jsonl');
  const wanted = isPath && !isAbsolute(reference) ? resolve(workingDirectory, reference) : reference;
  return findRun(directory, wanted, { files: auditFiles, probe });
}

function shown(json: string, record: RunRecord): ShownRecord {
  const { seq, time, type, action = '', resource = '', decision, outcome, detail } = record;
  return {
    json,
    seq,
    time,
    type,
    gate: action.split(':')[0] ?? '',
    action,
    resource,
    decision:
      decision === undefined
        ? ''
        : decision.reason === undefined
          ? decision.effect
          : `${decision.effect} (${decision.reason}${text(decision.agent) === '' ? '' : ` of ${text(decision.agent)}`})`,
    outcome:
      outcome === undefined
        ? text(detail?.['status'])
        : outcome.code === undefined
          ? outcome.status
          : `${outcome.status} (${outcome.code})`,
    rules: decision?.rules.join(' ') ?? '',
    who: whoOf(record),
  };
}

function whoOf({ principal, purpose, detail }: RunRecord): string {
  const agent = text(principal?.agent);
  if (agent === '') return '';
  const callers: unknown = principal?.callers;
  // The nearest caller stands last in the record, and first in a sentence.
  const chain = Array.isArray(callers) ? callers.map(text).reverse() : [];
  const parts = [
    ...chain.map((caller) => `called by ${caller}`),
    ...said('on behalf of', principal?.onBehalfOf),
    ...said('purpose', purpose),
    ...said('environment', detail?.['environment']),
  ];
  return [agent, ...parts].join(', ');
}

const said = (what: string, value: unknown): readonly string[] =>
  text(value) === '' ? [] : [`${what} ${text(value)}`];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
