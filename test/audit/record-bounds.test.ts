import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FIELD_BYTES, FREE_DEPTH } from '../../host/audit/bounded-json.ts';
import { createRecordEncoder, RECORD_BYTES } from '../../host/audit/record-line.ts';
import type { AuditEntry } from '../../host/contracts/audit-record.ts';
import type { Json } from '../../host/contracts/request.ts';

const STAMP = { seq: 0, timeMs: 0, mono: 0, prev: '0'.repeat(64) };
const lineOf = (entry: Omit<AuditEntry, 'type'>) =>
  createRecordEncoder('local', 'run-1').encode({ type: 'effect.intended', ...entry }, STAMP).line;
const recordOf = (entry: Omit<AuditEntry, 'type'>) => JSON.parse(lineOf(entry)) as Record<string, never>;
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const nested = (depth: number): Json => (depth === 0 ? 'end' : { in: nested(depth - 1) });

describe('the bounds of a record', () => {
  it('keep a value of exactly one field', () => {
    const text = 'x'.repeat(FIELD_BYTES);
    expect(recordOf({ resource: text, request: { text } })).toMatchObject({ resource: text, request: { text } });
  });

  it('replace a longer value of free data by its length and digest', () => {
    const text = 'é'.repeat(FIELD_BYTES / 2) + 'x';
    expect(recordOf({ request: { text } })).toMatchObject({
      request: { text: { bytes: FIELD_BYTES + 1, digest: sha256(text) } },
    });
  });

  it('cut a longer value of fixed meaning, between characters, and say how much there was', () => {
    const resource = `https://api.example.com/${'\u{1F602}'.repeat(400)}`;
    const shown = recordOf({ resource })['resource'] as unknown as string;
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(FIELD_BYTES);
    expect(shown).toMatch(/^https:\/\/api\.example\.com\/(\u{1F602})+…\(1624 bytes, sha256:[0-9a-f]{64}\)$/u);
    expect(shown).toContain(sha256(resource));
  });

  it('mend lone surrogates, in names as well, and keep names apart that become one', () => {
    const request = { 'a\ud800': 1, 'a\udfff': 2, text: 'x\udc00y' };
    expect(recordOf({ request, resource: '\ud800' })).toMatchObject({
      resource: '\ufffd',
      request: { 'a\ufffd': 1, 'a\ufffd~2': 2, text: 'x\ufffdy' },
    });
  });

  it('cut long names, each with its own digest', () => {
    const [one, two] = [`${'n'.repeat(5000)}1`, `${'n'.repeat(5000)}2`];
    const names = Object.keys(recordOf({ request: { [one]: 1, [two]: 2 } })['request'] as unknown as object);
    expect(names.map((name) => Buffer.byteLength(name))).toEqual([FIELD_BYTES, FIELD_BYTES]);
    expect(names.some((name) => name.includes(sha256(one)))).toBe(true);
  });

  it('carry integers beyond 2^53 - 1 and numbers that are not finite as text', () => {
    expect(recordOf({ request: { big: 2 ** 53, less: -(2 ** 53), nan: NaN, pi: 3.25 } })).toMatchObject({
      request: { big: '9007199254740992', less: '-9007199254740992', nan: 'NaN', pi: 3.25 },
    });
  });

  it('end data that is too deep, even where the depth would break the stack', () => {
    expect(JSON.stringify(recordOf({ request: { deep: nested(FREE_DEPTH + 5) } }))).toContain('deeper than 16 levels');
    let bottomless: Json = 1;
    for (let depth = 0; depth < 200_000; depth += 1) bottomless = [bottomless];
    expect(lineOf({ request: { bottomless } }).length).toBeLessThan(RECORD_BYTES);
  });

  it('keep the digest of the request where the request itself does not fit', () => {
    const request: Record<string, Json> = { digest: 'c'.repeat(64) };
    for (let index = 0; index < 20; index += 1) request[`part-${index}`] = 'p'.repeat(900);
    const shown = recordOf({ request })['request'] as unknown as { cut: { bytes: number }; digest: string };
    expect(shown).toMatchObject({
      digest: request['digest'],
      cut: { digest: expect.stringMatching(/^sha256:/) as string },
    });
    expect(shown.cut.bytes).toBeGreaterThan(18_000);
  });

  it('keep as many rules, roles and accesses as fit, and count the others', () => {
    const rules = Array.from({ length: 900 }, (_, index) => `r-${index}`);
    const accesses = rules.map((rule) => ({ action: 'db:select', resource: `db:main/${rule}` }));
    const line = lineOf({ decision: { effect: 'allow', id: 'd-1', rules }, accesses });
    const shown = JSON.parse(line) as { decision: { rules: string[] }; accesses: { resource: string }[] };
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(RECORD_BYTES);
    expect(shown.decision.rules.slice(0, 2)).toEqual(['r-0', 'r-1']);
    expect(shown.decision.rules.at(-1)).toBe(
      `…(${901 - shown.decision.rules.length} more, ${sha256(JSON.stringify(rules))})`,
    );
    expect(shown.accesses.at(-1)?.resource).toMatch(/^…\(\d+ more, sha256:/);
  });

  it('hold against the worst of everything at once', () => {
    const text = '\u0001'.repeat(5000);
    const many = Array.from({ length: 200 }, () => text);
    const all: Omit<AuditEntry, 'type'> = {
      principal: { agent: 'agent:a', roles: many, component: 'sha256:0' },
      resource: 'r'.repeat(5000),
      accesses: many.map((resource) => ({ action: 'a', resource })),
      request: { digest: 'd', text, many },
      decision: { effect: 'allow', id: 'd-1', rules: many, obligations: { many } },
      outcome: { status: 'ok', detail: { many }, discharged: { many } },
      detail: { many },
    };
    expect(Buffer.byteLength(lineOf(all))).toBeLessThanOrEqual(RECORD_BYTES);
  });
});
