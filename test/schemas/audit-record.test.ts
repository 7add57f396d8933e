import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readRunRecords, type RunRecord } from '../../host/audit/run-record.ts';
import { AUDIT_TYPES, type AuditEntry } from '../../host/contracts/audit-record.ts';
import { intended, open, OPENED, PRINCIPAL, scratch } from '../audit/run-fixture.ts';
import { publishedSchema } from './schema-fixture.ts';

const errorsOf = publishedSchema('audit-record');

/** A run with every type of record, and records with every member and with everything too long. */
function everyRecord(directory: string): RunRecord[] {
  const run = open(directory);
  const append = (entry: AuditEntry): number => run.writer.append(entry);
  append(OPENED);
  append({ type: 'load.denied', principal: PRINCIPAL, detail: { code: 'ERR_COMPONENT_REFUSED', message: 'x' } });
  const long = 'x'.repeat(5000);
  const many = Array.from({ length: 300 }, (_, index) => ({ action: `a:${index}`, resource: `${index}${long}` }));
  const intent = append(
    intended(1, {
      accesses: many,
      request: { digest: 'c'.repeat(64), long, list: Array(20).fill('y'.repeat(900)) },
      decision: { effect: 'allow', id: 'd-1', rules: Array<string>(900).fill('r-1'), obligations: { rows: 3 } },
      resource: long,
    }),
  );
  const outcome = { status: 'error', code: 'x', bytesIn: 1, bytesOut: 2, durationUs: 3, digest: 'd', discharged: { rows: 3 }, detail: { long } } as const;
  append({ type: 'effect.settled', intent, outcome });
  append({ ...intended(2), type: 'effect.denied', decision: { effect: 'deny', id: 'd-2', rules: [], reason: 'no-rule' } });
  const chain = { ...PRINCIPAL, callers: ['agent:first', 'agent:second'] };
  const denied = { effect: 'deny', id: 'd-4', rules: [], reason: 'no-rule', agent: 'agent:first' } as const;
  append({ ...intended(4), type: 'effect.denied', principal: chain, decision: denied });
  const both = { agent: 'agent:a', casbin: { effect: 'deny', rules: ['r-1'] }, compiled: { effect: 'allow', rules: [] } };
  append({ type: 'policy.diverged', action: 'fs:read', resource: '/w/a', policy: { digest: 'sha256:x', generation: 1 }, detail: both });
  const pending = { effect: 'approve', id: 'd-5', rules: ['r-1'], obligations: { approval: { roles: ['owner'] } } } as const;
  const asked = append({ ...intended(5), type: 'approval.asked', decision: pending, detail: { digest: 'd' } });
  append({ type: 'approval.answered', detail: { asked, status: 'granted', question: 'd-5', by: ['user:ada'], scope: 'once' } });
  append(intended(3, { decision: { effect: 'allow', id: 'd-3', rules: [], approval: 'd-5' } }));
  appendFileSync(run.path, '{"hash');
  run.close({ status: 'limit', limit: { name: 'wallMs', message: 'the run took too long' } });
  return [...readRunRecords(run.text())].flatMap(({ record }) => (record === undefined ? [] : [record]));
}

describe('the schema of a record', () => {
  it('holds for every type of record, with every member', () => {
    using folder = scratch();
    const records = everyRecord(folder.directory);
    expect(records.map((record) => errorsOf(record))).toEqual(records.map(() => []));
    expect(new Set(records.map(({ type }) => type))).toEqual(new Set(AUDIT_TYPES));
  });

  it.each(['v', 'log', 'run', 'seq', 'time', 'mono', 'type', 'prev', 'hash'])('needs `%s` in each', (name) => {
    using folder = scratch();
    const [first] = everyRecord(folder.directory);
    expect(errorsOf({ ...first, [name]: undefined })).not.toEqual([]);
  });

  it.each(['principal', 'action', 'resource', 'request', 'decision', 'policy'])('needs `%s` in an intent', (name) => {
    using folder = scratch();
    const record = everyRecord(folder.directory).find(({ type }) => type === 'effect.intended');
    expect(errorsOf(record)).toEqual([]);
    expect(errorsOf(JSON.parse(JSON.stringify({ ...record, [name]: undefined })))).not.toEqual([]);
  });
});
