import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordEncoder, RECORD_BYTES } from '../../host/audit/record-line.ts';
import { readRecord } from '../../host/audit/verify/record-form.ts';
import { AUDIT_TYPES, type AuditEntry } from '../../host/contracts/audit-record.ts';
import type { DenialReason } from '../../host/contracts/decision.ts';
import type { Json } from '../../host/contracts/request.ts';

const STAMP = { seq: 3, timeMs: 1_767_323_045_006, mono: 12, prev: 'f'.repeat(64) };
const bytesOf = (line: string): Buffer => Buffer.from(line.slice(0, -1));
const encode = (entry: unknown) => createRecordEncoder('local', 'run-1').encode(entry as AuditEntry, STAMP);

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 1500 }));
const whole = fc.maxSafeNat();
const free = fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 })) as fc.Arbitrary<{
  [key: string]: Json;
}>;
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const entry: fc.Arbitrary<AuditEntry> = fc.record({
  type: fc.constantFrom(...AUDIT_TYPES),
  intent: maybe(whole),
  principal: maybe(
    fc.record(
      {
        agent: text,
        roles: fc.array(text),
        onBehalfOf: text,
        component: text,
        callers: fc.array(text, { minLength: 1 }),
      },
      { requiredKeys: ['agent', 'roles', 'component'] },
    ),
  ),
  purpose: maybe(text),
  action: maybe(text),
  resource: maybe(text),
  accesses: maybe(fc.array(fc.record({ action: text, resource: text }), { maxLength: 60 })),
  request: maybe(free),
  decision: maybe(
    fc.record(
      {
        effect: fc.constantFrom('allow', 'approve', 'deny'),
        id: text,
        rules: fc.array(text, { maxLength: 60 }),
        reason: text as fc.Arbitrary<DenialReason>,
        agent: text,
        obligations: free,
      },
      { requiredKeys: ['effect', 'id', 'rules'] },
    ),
  ),
  policy: maybe(fc.record({ digest: text, generation: whole })),
  outcome: maybe(
    fc.record(
      {
        status: fc.constantFrom('ok', 'error'),
        code: text,
        bytesIn: whole,
        bytesOut: whole,
        durationUs: fc.double({ noNaN: true, min: 0, max: 1e12 }),
        digest: text,
        discharged: free,
        detail: free,
      },
      { requiredKeys: ['status'] },
    ),
  ),
  detail: maybe(free),
}) as fc.Arbitrary<AuditEntry>;

describe('the line of a record', () => {
  it('is canonical JSON with a newline, within the size of a record, whatever the entry holds', () => {
    fc.assert(
      fc.property(entry, (value) => {
        const { line } = encode(value);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(RECORD_BYTES);
        expect(line.endsWith('}\n')).toBe(true);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(canonicalize(JSON.parse(line))).toBe(line.slice(0, -1));
      }),
      { numRuns: 300 },
    );
  });

  it('has the hash of a zero byte and the canonical record without `hash`', () => {
    fc.assert(
      fc.property(entry, (value) => {
        const { line, hash } = encode(value);
        const { hash: own, ...record } = JSON.parse(line) as Record<string, unknown>;
        const leaf = Buffer.concat([Buffer.of(0), Buffer.from(canonicalize(record) ?? '')]);
        expect([own, hash]).toEqual(Array(2).fill(createHash('sha256').update(leaf).digest('hex')));
      }),
      { numRuns: 150 },
    );
  });

  it('is read by the verifier with the same hash', () => {
    fc.assert(
      fc.property(entry, (value) => {
        const needed = { intent: 0, action: 'a', resource: 'r', request: {}, detail: {}, outcome: { status: 'ok' } };
        const given = Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
        const principal = { agent: 'agent:a', roles: [], component: 'x' };
        const decision = { effect: 'allow', id: 'd-1', rules: [] };
        const { line, hash } = encode({
          ...needed,
          principal,
          decision,
          policy: { digest: 'x', generation: 0 },
          ...given,
        });
        expect(readRecord(bytesOf(line))).toMatchObject({ hash, digest: hash, seq: STAMP.seq, type: value.type });
      }),
      { numRuns: 150 },
    );
  });

  it('does not show a principal of before in a later record', () => {
    const encoder = createRecordEncoder('local', 'run-1');
    const lines = ['agent:a', 'agent:b', 'agent:a'].map((agent) => {
      const principal = { agent, roles: ['role:any'], component: 'sha256:0' };
      return encoder.encode({ type: 'run.opened', principal }, STAMP).line;
    });
    expect(lines.map((line) => (JSON.parse(line) as { principal: { agent: string } }).principal.agent)).toEqual([
      'agent:a',
      'agent:b',
      'agent:a',
    ]);
  });

  it.each([
    [1_767_323_045_006, '2026-01-02T03:04:05.006Z'],
    [1_767_323_045_999.9, '2026-01-02T03:04:05.999Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
  ])('shows the time %d as %s', (timeMs, time) => {
    const { line } = createRecordEncoder('local', 'run-1').encode({ type: 'run.opened' }, { ...STAMP, timeMs });
    expect(JSON.parse(line)).toMatchObject({ time });
  });

  it.each([
    ['an unknown field', { type: 'run.opened', extra: 1 }],
    ['a field of the log itself', { type: 'run.opened', seq: 4 }],
    [
      'an unknown field in the decision',
      { type: 'effect.denied', decision: { effect: 'deny', id: 'd', rules: [], x: 1 } },
    ],
    ['an unknown field in the outcome', { type: 'effect.settled', outcome: { status: 'ok', x: 1 } }],
    [
      'an unknown field in the principal',
      { type: 'run.opened', principal: { agent: 'a', roles: [], component: 'c', x: 1 } },
    ],
    ['an unknown type', { type: 'run.opening' }],
    ['a number that is not finite', { type: 'effect.settled', outcome: { status: 'ok', durationUs: NaN } }],
    ['a number of the host beyond 2^53 - 1', { type: 'effect.settled', intent: 2 ** 53 }],
    ['a map', { type: 'run.opened', detail: new Map() }],
    ['a map within free data', { type: 'run.opened', detail: { a: new Map() } }],
    ['a bigint', { type: 'run.opened', detail: { a: 1n } }],
  ])('is refused for %s', (_name, value) => {
    expect(() => encode(value)).toThrow(TypeError);
  });
});
