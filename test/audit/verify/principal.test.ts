import { describe, expect, it } from 'vitest';
import { createRecordEncoder } from '../../../host/audit/record-line.ts';
import { readRecord } from '../../../host/audit/verify/record-form.ts';
import type { AuditEntry } from '../../../host/contracts/audit-record.ts';

const STAMP = { seq: 0, timeMs: 1_767_323_045_006, mono: 0, prev: '0'.repeat(64) };
const PRINCIPAL = { agent: 'agent:b', roles: ['role:any'], component: 'sha256:x' };
const read = (principal: unknown) => {
  const entry = { type: 'run.opened', principal } as AuditEntry;
  return readRecord(Buffer.from(createRecordEncoder('log-1', 'run-1').encode(entry, STAMP).line.trimEnd()));
};

describe('the principal of a record', () => {
  it('may name the agents on whose behalf it acts', () => {
    expect(read(PRINCIPAL).type).toBe('run.opened');
    const { members } = read({ ...PRINCIPAL, callers: ['agent:a'] });
    expect(members.get('principal')).toBeInstanceOf(Map);
  });

  it('is not in the form of a record where the chain is empty', () => {
    expect(() => read({ ...PRINCIPAL, callers: [] })).toThrow(/`principal.callers` is empty/);
  });

  it.each([
    ['agent', '{"component":"x","roles":[]}'],
    ['component', '{"agent":"agent:a","roles":[]}'],
    ['roles', '{"agent":"agent:a","component":"x"}'],
    ['roles', '{"agent":"agent:a","component":"x","roles":"role:any"}'],
    ['callers', '{"agent":"agent:a","callers":"agent:b","component":"x","roles":[]}'],
    ['callers', '{"agent":"agent:a","callers":[1],"component":"x","roles":[]}'],
  ])('is not in the form of a record where `%s` is of another shape: %s', (name, principal) => {
    const line = createRecordEncoder('log-1', 'run-1').encode({ type: 'run.opened', principal: PRINCIPAL }, STAMP).line;
    const text = line.trimEnd().replace(/"principal":\{[^}]*\}/, `"principal":${principal}`);
    expect(() => readRecord(Buffer.from(text))).toThrow(new RegExp(`principal\\.${name}`));
  });
});
